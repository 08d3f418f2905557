import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { inspect } from 'node:util'
import { SecretKey, UapiClient } from 'wireguardcfg'
import { UapiServer } from 'wireguardcfg/server'
import { caught } from '../../../../test-fixtures/caught.js'
import { temporaryDirectory, type TemporaryDirectory } from '../../../../test-fixtures/directory.js'
import { openDescriptors } from '../../../../test-fixtures/process.js'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { until } from '../../../../test-fixtures/wait.js'
import { type Watcher, type WatchEvent, WireGuard, type WatchOptions } from '../../src/index.js'

const [A, B] = [publicKeyOf(1), publicKeyOf(2)]
/** An event, whose fields depend on its type. */
type AnyEvent = WatchEvent & Readonly<Record<string, unknown>>
const NAMES = new Map([
  [A, 'A'],
  [B, 'B'],
])

/** The event in one line, without its time. */
function describeEvent(event: WatchEvent): string {
  const { type, at, device, publicKey, ...rest } = event as AnyEvent
  expect(at).toBeInstanceOf(Date)
  const key = typeof publicKey === 'string' ? NAMES.get(publicKey) : undefined
  const others = Object.entries(rest).filter(([, value]) => value !== false && value !== undefined)
  const shown = others.map(([name, value]) => (value === true ? name : `${name}=${text(value)}`))
  const name = typeof device === 'string' ? device : undefined
  return [type, name, key, ...shown].filter((part) => part !== undefined).join(' ')
}

function text(value: unknown): string {
  return value instanceof Date ? value.toISOString().slice(14, 19) : JSON.stringify(value)
}

/** Reads events until one of them begins with this. */
async function readUntil(watcher: Watcher, last: string): Promise<string[]> {
  const lines: string[] = []
  while (lines.at(-1)?.startsWith(last) !== true) {
    const { value, done } = await watcher.next()
    if (done === true) throw new Error(`ended after ${lines.join(', ')}`)
    lines.push(describeEvent(value))
  }
  return lines
}

describe('watch', () => {
  let directory: TemporaryDirectory
  let server: UapiServer
  let wg: WireGuard
  let other: UapiClient
  const watch = (options: WatchOptions = {}) => wg.watch({ interval: 1, ...options })
  const listen = (name = 'wg0') => UapiServer.listen({ name, directory: directory.path })

  beforeEach(async () => {
    directory = await temporaryDirectory()
    server = await listen()
    wg = await WireGuard.open({ socketDirectory: directory.path, backends: ['userspace'] })
    other = new UapiClient({ directory: directory.path })
  })
  afterEach(async () => {
    await wg.close()
    await other.close()
    await server.close()
    await directory[Symbol.asyncDispose]()
  })

  it('yields the state, and then what changes', async () => {
    await wg.configureDevice('wg0', {
      privateKey: SecretKey.generatePrivate(),
      peers: [{ publicKey: A, allowedIPs: ['10.0.0.1/32'] }],
    })
    const watcher = watch()
    expect(await readUntil(watcher, 'peer-added wg0 A')).toEqual([
      'device-added wg0 backend="userspace" initial',
      'peer-added wg0 A initial',
    ])
    await wg.configureDevice('wg0', { listenPort: 7, firewallMark: 1 })
    expect(await readUntil(watcher, 'device-changed')).toEqual([
      'device-changed wg0 fields=["listenPort","firewallMark"] ' +
        'before={"listenPort":0,"firewallMark":0} after={"listenPort":7,"firewallMark":1}',
    ])
    await wg.setPeer('wg0', { publicKey: B })
    expect(await readUntil(watcher, 'peer-added')).toEqual(['peer-added wg0 B'])
    await wg.setPeer('wg0', {
      publicKey: A,
      presharedKey: SecretKey.generatePreshared(),
      persistentKeepalive: 5,
      allowedIPs: ['10.0.0.2/32'],
    })
    expect(await readUntil(watcher, 'peer-changed')).toEqual([
      'peer-changed wg0 A fields=["presharedKey","persistentKeepalive","allowedIPs"] ' +
        'before={"persistentKeepalive":0,"allowedIPs":["10.0.0.1/32"]} ' +
        'after={"persistentKeepalive":5,"allowedIPs":["10.0.0.1/32","10.0.0.2/32"]}',
    ])
    await wg.removePeer('wg0', B)
    expect(await readUntil(watcher, 'peer-removed')).toEqual(['peer-removed wg0 B'])
  })

  it('shows no private and no preshared key in any event', async () => {
    const watcher = watch({ traffic: true })
    const [privateKey, presharedKey] = [SecretKey.generatePrivate(), SecretKey.generatePreshared()]
    const shown: string[] = []
    const show = async (last: WatchEvent['type']) => {
      for (;;) {
        const { value } = await watcher.next()
        shown.push(inspect(value, { depth: 9, showHidden: true }), JSON.stringify(value))
        if (value?.type === last) return
      }
    }
    await show('device-added')
    await wg.configureDevice('wg0', { privateKey, peers: [{ publicKey: A, presharedKey }] })
    await show('peer-added')
    await wg.configureDevice('wg0', { peers: [{ publicKey: A, presharedKey: null }] })
    await show('peer-changed')
    await wg.removePeer('wg0', A)
    await show('peer-removed')
    for (const secret of [privateKey, presharedKey]) {
      expect(shown.join('\n')).not.toContain(secret.toBase64())
    }
  })

  it('tells who changed an endpoint', async () => {
    await wg.configureDevice('wg0', { peers: [{ publicKey: A }] })
    const watcher = watch()
    await readUntil(watcher, 'peer-added')
    await wg.configureDevice('wg0', { peers: [{ publicKey: A, endpoint: '[FD00::1]:1' }] })
    expect(await readUntil(watcher, 'endpoint-changed')).toEqual([
      'endpoint-changed wg0 A after={"host":"fd00::1","port":1} by="configured"',
    ])
    await other.configureDevice('wg0', { peers: [{ publicKey: A, endpoint: '192.0.2.1:2' }] })
    expect(await readUntil(watcher, 'endpoint-changed')).toEqual([
      'endpoint-changed wg0 A before={"host":"fd00::1","port":1} ' +
        'after={"host":"192.0.2.1","port":2} by="roamed"',
    ])
  })

  it.each([
    ['null', () => null],
    ['a peer that is null', () => ({ peers: [null] })],
    ['peers that are no list', () => ({ peers: 7 })],
    ['a list of 2^32 - 1 holes', () => ({ peers: Object.assign([], { length: 2 ** 32 - 1 }) })],
    ['an endpoint that is none', () => ({ peers: [{ publicKey: A, endpoint: {} }] })],
    ['a key that is none', () => ({ peers: [{ publicKey: 7, endpoint: '192.0.2.1:1' }] })],
  ])('lets a write with %s fail as without a watch', async (_, make) => {
    const config: never = make() as never
    const expected = await caught(wg.configureDevice('wg0', config))
    const watcher = watch()
    await watcher.next()
    const { code, message } = await caught(wg.configureDevice('wg0', config))
    expect({ code, message }).toEqual({ code: 'EINVAL', message: expected.message })
    await watcher.return()
  })

  it('tells handshakes, who is connected, and traffic if it is asked for', async () => {
    await wg.configureDevice('wg0', { peers: [{ publicKey: A }] })
    const [watcher, plain] = [watch({ traffic: true }), watch()]
    await readUntil(watcher, 'peer-added')
    await readUntil(plain, 'peer-added')
    const at = new Date('2026-01-01T00:11:22Z')
    server.setPeer(A, { lastHandshake: at, receiveBytes: 148, transmitBytes: 92 })
    // The handshake happened between two reads, whatever the clock of the device says.
    expect(await readUntil(watcher, 'traffic')).toEqual([
      'handshake wg0 A handshakeAt=11:22',
      'connected wg0 A',
      'traffic wg0 A receiveBytes=148 transmitBytes=92',
    ])
    server.setPeer(A, { receiveBytes: 100 })
    expect(await readUntil(watcher, 'traffic')).toEqual([
      'traffic wg0 A receiveBytes=100 transmitBytes=92 reset',
    ])
    server.setPeer(A, { lastHandshake: new Date(at.getTime() + 400) })
    server.setPeer(A, { receiveBytes: 101 })
    expect(await readUntil(watcher, 'traffic')).toEqual([
      'traffic wg0 A receiveBytes=1 transmitBytes=0',
    ])
    server.setPeer(A, { lastHandshake: new Date(at.getTime() + 120_000) })
    const again = ['handshake wg0 A handshakeAt=13:22 previous=11:22']
    expect(await readUntil(watcher, 'handshake')).toEqual(again)
    expect((await readUntil(plain, again[0]!)).map((line) => line.split(' ')[0])).toEqual([
      'handshake',
      'connected',
      'handshake',
    ])
  })

  it('tells who is connected at the beginning, and who no longer is', async () => {
    await wg.configureDevice('wg0', { peers: [{ publicKey: A }, { publicKey: B }] })
    server.setPeer(A, { lastHandshake: new Date() })
    server.setPeer(B, { lastHandshake: new Date(Date.now() - 300_000) })
    const [watcher, short] = [watch(), watch({ connectedFor: 200, grace: 100 })]
    const state = await readUntil(watcher, 'connected')
    expect(state).toContain('connected wg0 A initial')
    await readUntil(short, 'connected wg0 A')
    const lines = await readUntil(short, 'disconnected')
    expect(lines.at(-1)).toBe('disconnected wg0 A reason="age"')
    await wg.removePeer('wg0', A)
    expect((await readUntil(watcher, 'peer-removed')).slice(-2)).toEqual([
      'disconnected wg0 A reason="removed"',
      'peer-removed wg0 A',
    ])
  })

  it('tells a peer that was removed and added again between two reads', async () => {
    await wg.configureDevice('wg0', { peers: [{ publicKey: A }] })
    server.setPeer(A, { lastHandshake: new Date() })
    const watcher = watch()
    await readUntil(watcher, 'connected')
    await wg.configureDevice('wg0', { replacePeers: true, peers: [{ publicKey: A }] })
    expect(await readUntil(watcher, 'peer-added')).toEqual([
      'disconnected wg0 A reason="removed"',
      'peer-removed wg0 A',
      'peer-added wg0 A',
    ])
  })

  it('follows devices that end, return, and are made later', async () => {
    await wg.configureDevice('wg0', { peers: [{ publicKey: A }] })
    server.setPeer(A, { lastHandshake: new Date() })
    const watcher = watch({ devices: (name) => name !== 'wg2' })
    await readUntil(watcher, 'connected')
    await server.close()
    expect(await readUntil(watcher, 'device-removed')).toEqual([
      'disconnected wg0 A reason="removed"',
      'device-removed wg0',
    ])
    server = await listen()
    await using ignored = await listen('wg2')
    await using second = await listen('wg1')
    const added = [
      await readUntil(watcher, 'device-added'),
      await readUntil(watcher, 'device-added'),
    ]
    expect(added.flat().toSorted()).toEqual([
      'device-added wg0 backend="userspace"',
      'device-added wg1 backend="userspace"',
    ])
    expect([ignored.name, second.name].map((name) => watcher.snapshot(name)?.name)).toEqual([
      undefined,
      'wg1',
    ])
  })

  it('takes a device of the same name for another one when its socket is another one', async () => {
    const watcher = watch()
    await readUntil(watcher, 'device-added')
    // The interval is long enough for both, because the read in between waits for the first.
    const [closed, opened] = [server.close(), listen()]
    await closed
    server = await opened.catch(() => listen())
    expect(await readUntil(watcher, 'device-added')).toEqual([
      'device-removed wg0',
      'device-added wg0 backend="userspace"',
    ])
  })

  it('gives the same frozen objects for what has not changed', async () => {
    await wg.configureDevice('wg0', { peers: [{ publicKey: A }, { publicKey: B }] })
    const watcher = watch()
    await readUntil(watcher, 'device-added')
    const before = watcher.snapshot('wg0')!
    await wg.setPeer('wg0', { publicKey: B, persistentKeepalive: 1 })
    await readUntil(watcher, 'peer-changed')
    const after = watcher.snapshot('wg0')!
    const find = (device: typeof after, key: string) =>
      device.peers.find(({ publicKey }) => publicKey === key)
    expect(find(after, A)).toBe(find(before, A))
    expect(find(after, B)).not.toBe(find(before, B))
    expect(
      after.peers.every((peer) => Object.isFrozen(peer) && Object.isFrozen(peer.allowedIPs)),
    ).toBe(true)
    expect(watcher.snapshot('wg9')).toBeUndefined()
  })

  it('keeps no peers of a device with more than `snapshotPeers`, and tells their changes', async () => {
    await wg.configureDevice('wg0', { peers: [{ publicKey: A }] })
    const watcher = watch({ snapshotPeers: 1 })
    await readUntil(watcher, 'peer-added')
    expect(watcher.snapshot('wg0')?.peers).toHaveLength(1)
    await wg.setPeer('wg0', { publicKey: B, endpoint: '192.0.2.1:1' })
    await readUntil(watcher, 'peer-added wg0 B')
    expect(watcher.snapshot('wg0')).toMatchObject({ name: 'wg0', peers: [] })
    await wg.setPeer('wg0', { publicKey: B, persistentKeepalive: 1, endpoint: '192.0.2.1:2' })
    expect(await readUntil(watcher, 'endpoint-changed')).toEqual([
      'peer-changed wg0 B fields=[] before={} after={}',
      'endpoint-changed wg0 B after={"host":"192.0.2.1","port":2} by="configured"',
    ])
    // Of several watchers, the largest number counts.
    const generous = watch({ snapshotPeers: 2 })
    await readUntil(generous, 'peer-added wg0 B')
    await wg.setPeer('wg0', { publicKey: B, persistentKeepalive: 2 })
    await readUntil(generous, 'peer-changed')
    expect(watcher.snapshot('wg0')?.peers).toHaveLength(2)
  })

  it('tells a slow consumer that it missed events, and gives it the state', async () => {
    const watcher = watch()
    await readUntil(watcher, 'device-added')
    const keys = Array.from({ length: 40 }, (_, i) => publicKeyOf(i + 10))
    const fast = watch()
    await readUntil(fast, 'device-added')
    for (let round = 0; round < 60; round++) {
      const peers = keys.map((publicKey) => ({ publicKey, persistentKeepalive: round + 1 }))
      await wg.configureDevice('wg0', { peers })
      const last = round === 0 ? 'peer-added' : 'peer-changed'
      for (let i = 0; i < keys.length; i++) await readUntil(fast, last)
    }
    // What waited has been dropped, and nothing was kept for it.
    const { value } = await watcher.next()
    expect(value).toMatchObject({ type: 'resync', missed: 'slow-consumer' })
    const state = await readUntil(watcher, 'device-added')
    expect(state).toEqual(['device-added wg0 backend="userspace" initial'])
    for (let i = 0; i < 40; i++) await readUntil(watcher, 'peer-added wg0 initial')
    await wg.setPeer('wg0', { publicKey: A })
    expect(await readUntil(watcher, 'peer-added wg0 A')).toHaveLength(1)
  }, 60_000)

  it('ends with what its function throws, and no other watch does', async () => {
    const watcher = watch()
    await readUntil(watcher, 'device-added')
    const failing = watch({
      devices: () => {
        throw new RangeError('a fault of the caller')
      },
    })
    await expect(failing.next()).rejects.toThrow('a fault of the caller')
    await expect(failing.next()).resolves.toEqual({ done: true, value: undefined })
    await wg.setPeer('wg0', { publicKey: A })
    await readUntil(watcher, 'peer-added wg0 A')
  })

  it('ends with its loop, its signal and its WireGuard, and leaves nothing', async () => {
    const before = openDescriptors()
    for await (const { type } of watch()) if (type === 'device-added') break
    const controller = new AbortController()
    const aborted = watch({ signal: controller.signal })
    await aborted.next()
    const next = aborted.next()
    controller.abort(new Error('enough'))
    expect(await caught(next)).toMatchObject({
      code: 'ABORT_ERR',
      operation: 'watch devices',
      cause: { message: 'enough' },
    })
    expect(await aborted.next()).toMatchObject({ done: true })
    const closed = watch()
    await closed.next()
    const last = closed.next()
    await wg.close()
    expect(await last).toEqual({ done: true, value: undefined })
    expect(closed.snapshot('wg0')).toBeUndefined()
    await until(() => openDescriptors() === before)
    expect(() => watch()).toThrow('this WireGuard is closed')
  })

  it.each([
    [{ interval: 0 }, 'interval'],
    [{ interval: 'fast' }, 'interval'],
    [{ connectedFor: -1 }, 'connectedFor'],
    [{ grace: 'x' }, 'grace'],
    [{ devices: 'wg0' }, 'devices'],
    [{ devices: [1] }, 'devices'],
    [{ traffic: 1 }, 'traffic'],
    [{ intervals: 1 }, 'intervals'],
  ])('refuses the options %j', (options, name) => {
    const error = caughtNow(() => wg.watch(JSON.parse(JSON.stringify(options))))
    expect(error).toMatchObject({ code: 'EINVAL', operation: 'watch devices' })
    expect(String(error)).toContain(name)
  })
})

function caughtNow(step: () => unknown): unknown {
  try {
    step()
  } catch (error) {
    return error
  }
  throw new Error('expected an error')
}
