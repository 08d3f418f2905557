import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { getEventListeners } from 'node:events'
import { constants } from 'node:os'
import { NetlinkClient, NetlinkLinks } from 'wireguardnl'
import { type FakeCall, FakeLibc } from '../../../../test-fixtures/fakes/libc.js'
import { errorAck, type FakeRequest } from '../../../../test-fixtures/fakes/kernel.js'
import { FakeSystem, type SystemOptions } from '../../../../test-fixtures/fakes/system.js'
import { WireGuard } from '../../src/index.js'
import {
  type Api,
  describeState,
  INITIAL,
  type Operation,
  OPERATIONS,
  type State,
} from './operations.mjs'
import { Report } from './report.js'
import { faultsOf, type Injection, outcomeOf } from './rules.js'
import { countTimers } from './timers.js'

/** What each call can fail with. */
const FAULTS: Readonly<Record<FakeCall, readonly string[]>> = {
  socket: ['EMFILE', 'ENOMEM', 'EPERM', 'ENOBUFS'],
  setsockopt: ['ENOMEM', 'EPERM'],
  bind: ['ENOMEM', 'EPERM'],
  getsockname: ['ENOBUFS'],
  send: ['ENOMEM', 'EPERM', 'ENOBUFS', 'EINTR'],
  sendAsync: ['ENOMEM', 'EPERM', 'ENOBUFS', 'EINTR'],
  recv: ['ENOMEM', 'EPERM', 'ENOBUFS', 'EINTR'],
  recvAsync: ['ENOMEM', 'EPERM', 'ENOBUFS', 'EINTR'],
}
/** What the kernel can reply. */
const REPLIES = ['EMFILE', 'ENOMEM', 'EPERM', 'ENOBUFS', 'EINTR', 'EBUSY']

/** A kernel, its clients, and a device. */
class Machine implements AsyncDisposable {
  readonly libc: FakeLibc
  readonly api: Api
  /** Returns the errno with which the kernel replies to a request; 0: as usual. */
  refuse: (request: FakeRequest) => number = () => 0
  readonly #system: FakeSystem
  readonly #close: () => Promise<void>

  private constructor(
    options: SystemOptions,
    open: (libc: FakeLibc) => [Api, () => Promise<void>],
  ) {
    this.#system = new FakeSystem({
      ...options,
      answer: (request, usual) => {
        const errno = this.refuse(request)
        return errno === 0 ? usual() : [errorAck(request, errno)]
      },
    })
    this.libc = new FakeLibc(this.#system)
    ;[this.api, this.#close] = open(this.libc)
  }

  static open(options: SystemOptions): Machine {
    let api: Api | undefined
    const closing: (() => Promise<void>)[] = []
    const machine = new Machine(options, ({ kernel }) => {
      const client = new NetlinkClient(kernel)
      const links = new NetlinkLinks(kernel)
      closing.push(
        () => client.close(),
        () => links.close(),
      )
      const opening = WireGuard.open({ backends: [client] })
      const wg = async (): Promise<WireGuard> => await opening
      api = {
        deviceNames: async (...args) => (await wg()).deviceNames(...args),
        devices: async (...args) => (await wg()).devices(...args),
        device: async (...args) => (await wg()).device(...args),
        peers: async function* (...args) {
          yield* (await wg()).peers(...args)
        },
        configureDevice: async (...args) => (await wg()).configureDevice(...args),
        replaceDevice: async (...args) => (await wg()).replaceDevice(...args),
        syncDevice: async (...args) => (await wg()).syncDevice(...args),
        setLink: (...args) => links.setLink(...args),
        addAddress: (...args) => links.addAddress(...args),
        removeAddress: (...args) => links.removeAddress(...args),
        createDevice: async (name, { signal }) => {
          await links.createLink(name, { up: true, mtu: 1400 }, { signal })
          return { delete: (limits) => links.deleteLink(name, limits) }
        },
        deleteDevice: (...args) => links.deleteLink(...args),
      }
      return [api, async () => void (await Promise.all(closing.map((close) => close())))]
    })
    return machine
  }

  /** Makes the device what it is before each operation. Nothing fails meanwhile. */
  async reset({ initial = INITIAL, startsWithout = false }: Operation): Promise<void> {
    await this.#calm()
    this.#system.remove('wg0')
    if (startsWithout) return
    this.#system.add('wg0')
    const { kernel } = this.#system
    await using client = new NetlinkClient(kernel)
    await using links = new NetlinkLinks(kernel)
    await client.configureDevice('wg0', initial)
    await links.addAddress('wg0', '10.6.0.1/24')
  }

  async state(): Promise<State> {
    await this.#calm()
    const { kernel } = this.#system
    if (!this.#system.names().includes('wg0')) return describeState(undefined, undefined, [])
    await using client = new NetlinkClient(kernel)
    await using links = new NetlinkLinks(kernel)
    return describeState(
      await client.device('wg0'),
      await links.link('wg0'),
      await links.addresses('wg0'),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }

  /** Lets nothing fail from now on, and waits for what an aborted call still does. */
  async #calm(): Promise<void> {
    this.libc.hooks = { before: () => 0, after: () => {} }
    this.refuse = () => 0
    await this.libc.settled()
  }
}

/** One injection: what to do at which call or reply. */
interface Plan extends Injection {
  /** Installs it; `abort` aborts the signal of the operation. */
  install(machine: Machine, abort: () => void): void
}

// Creating a device needs more than netlink: here it is the creation of its interface.
const NAMES = Object.keys(OPERATIONS)
  .filter((name) => name !== 'deleteOwned')
  .map((name) => (name === 'createDevice' ? 'createLink' : name))

function operationOf(name: string): Operation {
  return OPERATIONS[name === 'createLink' ? 'createDevice' : name]!
}

const FULL = process.env['WIREGUARD_TEST_FULL'] === '1'

describe.each<[string, SystemOptions, readonly string[]]>([
  ['Linux 6.12', { release: '6.12.0' }, NAMES],
  // It differs in the removal of allowed IPs.
  ['Linux 6.16', { release: '6.16.0', removeFlag: true }, FULL ? NAMES : ['removeAllowedIPs']],
])('every system call and reply of a fake kernel fails: %s', (title, options, operations) => {
  const report = new Report(`fake kernel, ${title}`)
  const { stackTraceLimit } = Error

  beforeAll(() => {
    // Jest maps every stack to the sources, which takes most of the time.
    Error.stackTraceLimit = 0
  })

  it.each(operations)(
    '%s',
    async (operation) => {
      const known = operationOf(operation)
      // A client that has made no call also opens its sockets and asks for the family.
      const { calls, requests, wanted } = await baseline(options, operation)
      const plans = [...plansOfCalls(calls), ...plansOfReplies(requests)]
      report.count(operation, calls.length + requests)
      expect(calls.length).toBeGreaterThan(0)
      for (const plan of plans) {
        await using machine = Machine.open(options)
        await machine.reset(known)
        const before = await machine.state()
        const controller = new AbortController()
        plan.install(machine, () => controller.abort())
        const limits = { signal: controller.signal, idleTimeout: 2000 }
        const [outcome, timers] = await countTimers(() =>
          outcomeOf(() => known.run(machine.api, 'wg0', limits)),
        )
        const after = await machine.state()
        const faults = faultsOf(operation, plan, outcome, { before, wanted, after })
        if (getEventListeners(controller.signal, 'abort').length > 0) {
          faults.push('a listener is left on the signal')
        }
        // The next call of the same client works.
        await machine.reset(known)
        const next = await outcomeOf(() => known.run(machine.api, 'wg0', {}))
        const last = await machine.state()
        for (const fault of faultsOf(operation, plan, next, { before, wanted, after: last })) {
          faults.push(`the next call: ${fault}`)
        }
        if (!next.ok) faults.push(`the next call failed: ${next.text.slice(0, 300)}`)
        await machine[Symbol.asyncDispose]()
        if (timers > 0) faults.push('a timer is left')
        if (machine.libc.openDescriptors > 0) faults.push('a socket is left open')
        report.add(operation, plan, faults)
      }
      expect(report.foundIn(operation)).toStrictEqual([])
    },
    120_000,
  )

  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit
  })

  it('fails at no fewer points than before, and shows every known fault', () => {
    expect(report.fallen(operations)).toStrictEqual([])
    expect(report.mended).toStrictEqual([])
  })
})

/** Runs the operation without a fault, and returns its calls in order. */
async function baseline(
  options: SystemOptions,
  operation: string,
): Promise<{ calls: FakeCall[]; requests: number; wanted: State }> {
  const known = operationOf(operation)
  await using machine = Machine.open(options)
  await machine.reset(known)
  const calls: FakeCall[] = []
  let requests = 0
  machine.libc.hooks = { before: (call) => calls.push(call) * 0, after: () => {} }
  machine.refuse = () => requests++ * 0
  await known.run(machine.api, 'wg0', {})
  return { calls, requests, wanted: await machine.state() }
}

function plansOfCalls(calls: readonly FakeCall[]): Plan[] {
  return calls.flatMap((call, at) => {
    const point = `${call} ${calls.slice(0, at + 1).filter((other) => other === call).length}`
    const errnos = FAULTS[call].map((fault) => ({
      point,
      fault,
      install: (machine: Machine) => onCall(machine, at, { before: () => errnoOf(fault) }),
    }))
    const aborts: Plan[] = [
      {
        point,
        fault: 'abort after',
        // No code of the caller runs before the call has returned.
        install: (machine, abort) => onCall(machine, at, { after: () => queueMicrotask(abort) }),
      },
      {
        point,
        fault: 'abort a turn after',
        install: (machine, abort) => onCall(machine, at, { after: () => void setImmediate(abort) }),
      },
    ]
    if (call === 'sendAsync') {
      aborts.push({
        point,
        fault: 'abort before the thread sends',
        install: (machine, abort) => onCall(machine, at, { before: () => abort() }),
      })
    }
    return [...errnos, ...aborts]
  })
}

/** Acts before or after one call, counted from 0. */
function onCall(
  { libc }: Machine,
  at: number,
  { before, after }: { readonly before?: () => number | void; readonly after?: () => void },
): void {
  let begun = 0
  let ended = 0
  libc.hooks = {
    before: () => (begun++ === at ? (before?.() ?? 0) : 0),
    after: () => {
      if (ended++ === at) after?.()
    },
  }
}

function plansOfReplies(requests: number): Plan[] {
  return Array.from({ length: requests }, (_, i) => i).flatMap((at) =>
    REPLIES.map((fault) => ({
      point: `reply ${at + 1}`,
      // The reply of the kernel is final, unlike an interrupted system call.
      fault: `${fault} as the reply`,
      install: (machine: Machine) => {
        let count = 0
        machine.refuse = () => (count++ === at ? errnoOf(fault) : 0)
      },
    })),
  )
}

function errnoOf(name: string): number {
  return constants.errno[name as keyof typeof constants.errno]
}
