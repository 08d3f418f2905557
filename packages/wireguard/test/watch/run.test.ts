// The rules for time, failures and load, with clocks and a device that the test controls.
import { describe, expect, it } from '@jest/globals'
import { type Device, WireGuardError } from 'wireguardcfg'
import type { LinkEvent } from 'wireguardnl'
import { deferred } from '../../../../test-fixtures/deferred.js'
import { publicKeyOf, sampleDevice, samplePeer } from '../../../../test-fixtures/sample.js'
import { turns, until } from '../../../../test-fixtures/wait.js'
import type { WatchEvent } from '../../src/index.js'
import type { Clock } from '../../src/watch/clock.js'
import { Poller } from '../../src/watch/poller.js'
import type { WatchSource } from '../../src/watch/run.js'
import type { Subscription, Wanted } from '../../src/watch/subscription.js'

const A = publicKeyOf(1)
const START = Date.parse('2026-11-27T12:00:00Z')
const SECOND = 1000

/** A machine with one device, `wg0`, whose time passes when the test says so. */
class Machine implements WatchSource {
  readonly clock: Clock
  reads = 0
  forgotten = 0
  /** Read at once, or when this resolves. */
  beforeRead: (name: string) => Promise<void> = async () => {}
  failure: WireGuardError | undefined
  listFailure: WireGuardError | undefined
  names = ['wg0']
  handshake: Date | undefined = new Date(START - 10 * SECOND)
  /** What the system tells of the interfaces at each attempt, before it fails. */
  readonly linkEvents: LinkEvent[][] = []
  #wall = START
  #boot = 5000 * SECOND
  #monotonic = 1000 * SECOND

  constructor() {
    this.clock = {
      wall: () => this.#wall,
      boot: () => this.#boot,
      monotonic: () => this.#monotonic,
    }
  }

  /** Lets time pass: `sleep`: of it, the machine sleeps; `step`: the wall clock is set. */
  pass(time: number, { sleep = 0, step = 0 } = {}): void {
    this.#boot += time
    this.#monotonic += time - sleep
    this.#wall += time + step
  }

  async deviceNames(_: unknown, onError: (error: unknown) => void): Promise<string[]> {
    if (this.listFailure === undefined) return [...this.names]
    onError(this.listFailure)
    return []
  }

  async device(name: string): Promise<Device> {
    this.reads++
    await this.beforeRead(name)
    if (this.failure !== undefined) throw this.failure
    const peer = samplePeer({ publicKey: A, lastHandshake: this.handshake })
    return sampleDevice({ name, backend: 'kernel', index: 7, peers: [peer] })
  }

  forget(): void {
    this.forgotten++
  }

  identityOf(): string {
    return '7'
  }

  async links(): Promise<AsyncIterable<LinkEvent> | undefined> {
    const events = this.linkEvents.shift()
    return events && thenFail(events)
  }

  /** Waits for two whole reads, so that what is true now has been seen twice. */
  async readTwice(): Promise<void> {
    const before = this.reads
    await until(() => this.reads > before + 3)
  }
}

async function* thenFail(events: readonly LinkEvent[]): AsyncGenerator<LinkEvent, void> {
  yield* events
  throw denied('ENOMEM')
}

const WANTED: Wanted = {
  devices: () => true,
  interval: 1,
  rule: { connectedFor: 180 * SECOND, grace: 15 * SECOND },
  traffic: false,
  snapshotPeers: 20_000,
}

/** Follows a machine. `seen` are the events by type, without those of the beginning. */
async function follow(machine: Machine, wanted: Partial<Wanted> = {}) {
  const poller = new Poller(machine, machine.clock)
  const subscription = poller.subscribe({ ...WANTED, ...wanted })
  const seen: string[] = []
  void collect(subscription, seen)
  await until(() => seen.length === 3)
  expect(seen.splice(0)).toEqual(['device-added', 'peer-added', 'connected'])
  return { poller, seen, [Symbol.asyncDispose]: () => poller.close() }
}

async function collect(subscription: Subscription, seen: string[]): Promise<void> {
  for (let event; (event = await subscription.next()) !== undefined;) seen.push(lineOf(event))
}

function lineOf(event: WatchEvent): string {
  if (event.type === 'resync') return `resync ${event.missed}`
  if (event.type === 'error') return `error ${event.device} ${event.error.code}`
  return event.type === 'disconnected' ? `disconnected ${event.reason}` : event.type
}

describe('a peer', () => {
  it('is connected for 180 s and 15 s of grace, and then no longer', async () => {
    const machine = new Machine()
    await using following = await follow(machine)
    machine.pass(184 * SECOND)
    await machine.readTwice()
    // 10 s of them had passed before.
    expect(following.seen).toEqual([])
    machine.pass(2 * SECOND)
    await machine.readTwice()
    expect(following.seen).toEqual(['disconnected age'])
    machine.handshake = new Date(machine.clock.wall())
    await machine.readTwice()
    expect(following.seen).toEqual(['disconnected age', 'handshake', 'connected'])
  })

  it('that handshakes every two minutes stays connected', async () => {
    const machine = new Machine()
    await using following = await follow(machine)
    for (let i = 0; i < 5; i++) {
      machine.pass(125 * SECOND)
      await machine.readTwice()
      machine.handshake = new Date(machine.clock.wall())
      await machine.readTwice()
    }
    expect(new Set(following.seen)).toEqual(new Set(['handshake']))
  })

  it.each([
    ['forward', 3600 * SECOND],
    ['back', -3600 * SECOND],
  ])('stays connected when the clock is set %s', async (_, step) => {
    const machine = new Machine()
    await using following = await follow(machine)
    machine.pass(SECOND, { step })
    await machine.readTwice()
    expect(following.seen).toEqual(['resync clock'])
    machine.pass(170 * SECOND)
    await machine.readTwice()
    expect(following.seen).toEqual(['resync clock'])
    // A handshake after that, on the new clock.
    machine.handshake = new Date(machine.clock.wall())
    machine.pass(170 * SECOND)
    await machine.readTwice()
    expect(following.seen).toEqual(['resync clock', 'handshake'])
  })

  it.each([3600 * SECOND, -3600 * SECOND, 5 * SECOND])(
    'has no new handshake when a device that computes the time anew follows the clock by %i ms',
    async (step) => {
      const machine = new Machine()
      await using following = await follow(machine)
      machine.pass(SECOND, { step })
      machine.handshake = new Date(START - 10 * SECOND + step + 3)
      await machine.readTwice()
      machine.handshake = new Date(START - 10 * SECOND + step - 3)
      await machine.readTwice()
      expect(following.seen).toEqual(['resync clock'])
    },
  )

  it('with a handshake in the future counts as connected from now on', async () => {
    const machine = new Machine()
    machine.handshake = new Date(START + 3600 * SECOND)
    await using following = await follow(machine)
    machine.pass(190 * SECOND)
    await machine.readTwice()
    expect(following.seen).toEqual([])
    machine.pass(10 * SECOND)
    await machine.readTwice()
    expect(following.seen).toEqual(['disconnected age'])
  })

  it('is disconnected after a sleep only when two reads agree', async () => {
    const machine = new Machine()
    await using following = await follow(machine)
    machine.pass(600 * SECOND, { sleep: 599 * SECOND })
    await until(() => following.seen.length === 2)
    expect(following.seen).toEqual(['resync suspended', 'disconnected age'])
  })

  it('that shakes hands at once after a sleep was never disconnected', async () => {
    const machine = new Machine()
    await using following = await follow(machine)
    const block = deferred()
    machine.beforeRead = () => block.promise
    const before = machine.reads
    await until(() => machine.reads > before)
    machine.pass(600 * SECOND, { sleep: 599 * SECOND })
    machine.handshake = new Date(machine.clock.wall())
    machine.beforeRead = async () => {}
    block.resolve()
    await machine.readTwice()
    expect(following.seen.filter((line) => line.startsWith('disconnected'))).toEqual([])
  })
})

function denied(code = 'EPERM'): WireGuardError {
  return new WireGuardError('not permitted', { code })
}

describe('a watch', () => {
  it('tells an error once, and goes on', async () => {
    const machine = new Machine()
    await using following = await follow(machine)
    machine.failure = denied()
    await machine.readTwice()
    machine.failure = denied('ETIMEDOUT')
    await machine.readTwice()
    machine.failure = undefined
    await machine.readTwice()
    machine.failure = denied()
    await machine.readTwice()
    expect(following.seen).toEqual(['error wg0 EPERM', 'error wg0 ETIMEDOUT', 'error wg0 EPERM'])
    expect(following.poller.snapshot('wg0')).toBeDefined()
  })

  it('keeps a device that may be there when the list fails', async () => {
    const machine = new Machine()
    await using following = await follow(machine)
    machine.listFailure = denied()
    await machine.readTwice()
    expect(following.seen).toEqual(['error undefined EPERM'])
    machine.failure = denied('ENODEV')
    await until(() => following.seen.length === 3)
    expect(following.seen.slice(1)).toEqual(['disconnected removed', 'device-removed'])
  })

  it('tells what became of an interface while its changes could not be followed', async () => {
    const machine = new Machine()
    const link = { index: 7, name: 'wg0', kind: 'wireguard', mtu: 1420 }
    machine.linkEvents.push(
      [
        {
          type: 'state',
          links: [{ ...link, up: true, addresses: ['10.0.0.1/24', '10.0.0.2/24'] }],
        },
      ],
      [
        {
          type: 'state',
          links: [{ ...link, up: false, addresses: ['10.0.0.2/24', 'fd00::1/64'] }],
        },
      ],
    )
    const poller = new Poller(machine, machine.clock)
    const seen: string[] = []
    void collect(poller.subscribe(WANTED), seen)
    await until(() => seen.at(-1) === 'address-added' && seen.includes('link-down'))
    expect(seen).toEqual([
      // This does not wait for the consumer of the state, which is later.
      'error undefined ENOMEM',
      'device-added',
      'link-up',
      'address-added',
      'address-added',
      'peer-added',
      'connected',
      'disconnected link-down',
      'link-down',
      'address-removed',
      'address-added',
    ])
    await poller.close()
  })

  it('tells a rename also when a read shows it first', async () => {
    const machine = new Machine()
    await using following = await follow(machine)
    machine.names = ['wg7']
    await machine.readTwice()
    expect(following.seen).toEqual(['device-renamed'])
    expect(following.poller.snapshot('wg7')?.name).toBe('wg7')
    expect(following.poller.snapshot('wg0')).toBeUndefined()
  })

  it('tells a rename to those who watch the old name', async () => {
    const machine = new Machine()
    await using following = await follow(machine, { devices: (name) => name === 'wg0' })
    machine.names = ['wg7']
    await until(() => following.seen.length > 0)
    // What happens under the new name is nothing to them.
    machine.handshake = new Date(START)
    await turns(50)
    expect(following.seen).toEqual(['device-renamed'])
  })

  it('reads once for all subscriptions, also of a thousand', async () => {
    const machine = new Machine()
    await using following = await follow(machine, { interval: 15_000 })
    const before = machine.reads
    const states: string[][] = Array.from({ length: 1000 }, () => [])
    const others = states.map((seen) => {
      const subscription = following.poller.subscribe({ ...WANTED, interval: 15_000 })
      void collect(subscription, seen)
      return subscription
    })
    await until(() => states.every((seen) => seen.length === 3))
    expect(states[999]).toEqual(['device-added', 'peer-added', 'connected'])
    expect(machine.reads - before).toBeLessThan(4)
    machine.names = []
    following.poller.subscribe(WANTED)
    await until(() => states.every((seen) => seen.at(-1) === 'device-removed'))
    for (const one of others) following.poller.unsubscribe(one)
  })

  it('waits for no device that does not reply', async () => {
    const machine = new Machine()
    await using following = await follow(machine)
    const stuck = deferred()
    machine.names = ['wg0', 'wg1']
    machine.beforeRead = async (name) => {
      if (name === 'wg1') await stuck.promise
    }
    await machine.readTwice()
    machine.handshake = new Date(START + SECOND)
    await until(() => following.seen.includes('handshake'))
    expect(following.seen).not.toContain('device-added')
    stuck.resolve()
    await until(() => following.seen.includes('device-added'))
  })

  it('ends with an error that is none of a device', async () => {
    const machine = new Machine()
    const poller = new Poller(machine, machine.clock)
    machine.device = async () => await Promise.reject(new TypeError('a defect'))
    const subscription = poller.subscribe(WANTED)
    await expect(subscription.next()).rejects.toThrow('a defect')
    await expect(subscription.next()).resolves.toBeUndefined()
    await poller.close()
  })
})
