import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import {
  SecretKey,
  type TracedCall,
  type TracedDaemon,
  type TracedLookup,
  type TracedRequest,
  UapiClient,
} from 'wireguardcfg'
import { UapiServer } from 'wireguardcfg/server'
import { NetlinkClient, NetlinkFirewall, NetlinkLinks, NetlinkRoutes } from 'wireguardnl'
import { type TemporaryDirectory, temporaryDirectory } from '../../../test-fixtures/directory.js'
import { listenRaw } from '../../../test-fixtures/fakes/raw-server.js'
import { FakeSystem } from '../../../test-fixtures/fakes/system.js'
import { mangledKeys, shows } from '../../../test-fixtures/mangled-keys.js'
import { TestNamespace } from '../../../test-fixtures/namespace.js'
import { describeWith, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { privateKeyOf, samplePeers } from '../../../test-fixtures/sample.js'
import { listenTo } from '../../../test-fixtures/traced.js'
import { until } from '../../../test-fixtures/wait.js'
import { uniqueName } from '../../../test-fixtures/wireguard-go.js'
import { resolveEndpoint, WireGuard } from '../src/index.js'

const CONFIG = { privateKey: privateKeyOf(1), peers: samplePeers(3) }
/** They answer at once and throw nothing, so that a trace would only cost. */
const SYNCHRONOUS = new Set(['mayHave', 'reader'])

let directory: TemporaryDirectory
let server: UapiServer
let wg: WireGuard
beforeEach(async () => {
  directory = await temporaryDirectory()
  server = await UapiServer.listen({ name: 'wg0', directory: directory.path })
  wg = await WireGuard.open({ socketDirectory: directory.path, backends: ['userspace'] })
})
afterEach(async () => {
  await wg.close()
  await server.close()
  await directory[Symbol.asyncDispose]()
})

describe('calls', () => {
  it.each([
    ['WireGuard', () => wg],
    ['UapiClient', () => new UapiClient({ directory: directory.path })],
    ['NetlinkClient', () => new NetlinkClient(new FakeSystem().kernel)],
    ['NetlinkLinks', () => new NetlinkLinks(new FakeSystem().kernel)],
    ['NetlinkRoutes', () => new NetlinkRoutes(new FakeSystem().kernel)],
    ['NetlinkFirewall', () => new NetlinkFirewall(new FakeSystem().kernel)],
  ])('every method of %s publishes', async (api, open) => {
    const object: object = open()
    const others =
      api === 'WireGuard'
        ? // The last three publish the name of the file, once they know it.
          new Set([...SYNCHRONOUS, 'watch', 'keepEndpoints', 'planFile', 'upFile', 'reloadFile'])
        : SYNCHRONOUS
    const methods = Object.entries(
      Object.getOwnPropertyDescriptors(Object.getPrototypeOf(object) as object),
    )
    for (const [name, { value }] of methods) {
      if (name === 'constructor' || others.has(name)) continue
      expect(value).toBeInstanceOf(Function)
      using heard = listenTo<TracedCall>('call')
      const method = value as (...args: unknown[]) => unknown
      // Most of them refuse these arguments, which is a call too.
      const result = method.call(object, 'no/name', {}, {})
      if (isStream(result)) await result.next().catch(() => {})
      else await (result as Promise<unknown>).catch(() => {})
      expect(heard.ended).toContainEqual(expect.objectContaining({ api, method: name }))
    }
    expect(methods.length).toBeGreaterThan(4)
  })

  it('of the facade show which backend they reach', async () => {
    using heard = listenTo<TracedCall>('call')
    await wg.configureDevice('wg0', CONFIG)
    await wg.device('wg0')
    await wg.device('wg9').catch(() => {})
    const facts = heard.ended.map((call) => [call.api, call.method, call.backend, call.code])
    expect(facts).toStrictEqual([
      ['UapiClient', 'configureDevice', 'userspace', undefined],
      ['WireGuard', 'configureDevice', undefined, undefined],
      ['UapiClient', 'device', 'userspace', undefined],
      ['WireGuard', 'device', 'userspace', undefined],
      ['UapiClient', 'device', 'userspace', 'ENODEV'],
      ['WireGuard', 'device', undefined, 'ENODEV'],
    ])
    expect(heard.ended.map(({ peers }) => peers)).toStrictEqual([3, 3, 3, 3, undefined, undefined])
  })
})

describe('requests', () => {
  it('to a daemon have their sizes', async () => {
    await wg.configureDevice('wg0', CONFIG)
    using heard = listenTo<TracedRequest>('request')
    await wg.configureDevice('wg0', { listenPort: 0 })
    const { publicKey } = await wg.device('wg0')
    expect(publicKey).toBe(privateKeyOf(1).publicKey())
    expect(heard.ended).toMatchObject([
      {
        transport: 'uapi',
        request: 'set',
        path: `${directory.path}/wg0.sock`,
        sentBytes: 'set=1\nlisten_port=0\n\n'.length,
        receivedBytes: 'errno=0\n\n'.length,
        errno: 0,
        code: undefined,
      },
      { request: 'get', sentBytes: 'get=1\n\n'.length, errno: 0 },
    ])
    expect(heard.ended[1]?.receivedBytes).toBeGreaterThan(500)
  })

  it('have the errno of the daemon', async () => {
    await using raw = await listenRaw(async ({ request, socket }) => {
      await request()
      socket.end('errno=-98\n\n')
    })
    await using client = new UapiClient({ directory: raw.directory })
    using heard = listenTo<TracedRequest>('request')
    await expect(client.device('wg0')).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(heard.ended).toMatchObject([{ errno: -98, code: 'EADDRINUSE' }])
  })

  it.each([
    ['userspace', () => wg],
    [
      'kernel',
      () => {
        const system = new FakeSystem()
        system.add('wg0')
        return WireGuard.open({ backends: [new NetlinkClient(system.kernel)] })
      },
    ],
  ])('of the %s backend know their call', async (_, open) => {
    await using wireguard = await open()
    await wireguard.configureDevice('wg0', CONFIG)
    const storage = new AsyncLocalStorage<TracedCall>()
    const call = tracingChannel<TracedCall, TracedCall>('wireguard:call').start
    const request = tracingChannel<object, TracedRequest>('wireguard:request')
    const callers: string[] = []
    const note = () => void callers.push(storage.getStore()?.method ?? 'nobody')
    call.bindStore(storage)
    request.subscribe({ start: note, asyncEnd: note } as never)
    try {
      await Promise.all([wireguard.device('wg0'), wireguard.configureDevice('wg0', {})])
      for await (const peer of wireguard.peers('wg0')) expect(peer.publicKey).toBeDefined()
    } finally {
      request.unsubscribe({ start: note, asyncEnd: note } as never)
      call.unbindStore(storage)
    }
    expect(callers).toHaveLength(6)
    expect(callers.toSorted((a, b) => a.localeCompare(b))).toStrictEqual([
      'configureDevice',
      'configureDevice',
      'device',
      'device',
      'peerBatches',
      'peerBatches',
    ])
  })
})

describe('lookups', () => {
  it('have the name and the address, or the error', async () => {
    using heard = listenTo<TracedLookup>('lookup')
    const address = '192.0.2.1'
    await resolveEndpoint('vpn.example.com:1', { lookup: () => Promise.resolve(address) })
    const error = Object.assign(new Error('no'), { code: 'ENOTFOUND' })
    const lookup = () => Promise.reject(error)
    await expect(resolveEndpoint('no.example.com:1', { lookup })).rejects.toMatchObject({
      cause: error,
    })
    expect(heard.ended).toMatchObject([
      { host: 'vpn.example.com', address, code: undefined },
      { host: 'no.example.com', address: undefined, code: 'ENOTFOUND', error },
    ])
  })
})

describeWith(hasWireGuardGo, 'a userspace implementation', () => {
  it('publishes its start and its end', async () => {
    await using namespace = await TestNamespace.create()
    await using real = await WireGuard.open({ netns: namespace.pid, backends: ['userspace'] })
    using calls = listenTo<TracedCall>('call')
    using heard = listenTo<TracedDaemon>('daemon')
    const name = uniqueName()
    const owned = await real.createDevice(name, { config: CONFIG })
    expect(heard.events).toMatchObject([
      ['start', { device: name, pid: expect.any(Number) }],
      ['end', {}],
    ])
    await owned.delete()
    await until(() => heard.ended.length > 0, 'the end is published')
    expect(heard.ended).toMatchObject([
      {
        program: expect.stringMatching(/\/wireguard-go$/),
        outcome: expect.stringMatching(/^ended /),
        code: undefined,
      },
    ])
    const { backend, peers } = calls.ended.find(({ method }) => method === 'createDevice')!
    expect({ backend, peers }).toStrictEqual({ backend: 'userspace', peers: 3 })
    expect(calls.ended.at(-1)).toMatchObject({ api: 'OwnedDevice', device: name })
  }, 60_000)
})

describe('what is published', () => {
  it('holds no key, whatever was read, written or passed in the wrong place', async () => {
    const heard = (['call', 'request', 'lookup', 'daemon'] as const).map((kind) =>
      listenTo<object>(kind),
    )
    await wg.configureDevice('wg0', CONFIG)
    await wg.device('wg0')
    for await (const _ of wg.peers('wg0'));
    await wg.syncDevice('wg0', CONFIG)
    await wg.devices()
    const mangled = mangledKeys(privateKeyOf(7).bytes()).map(([, key]) => key)
    for (const { text } of mangled) {
      await wg.device(text).catch(() => {})
      await wg.configureDevice('wg0', { privateKey: text, [text]: text }).catch(() => {})
      await resolveEndpoint(`${text}:1`, { lookup: noAddress, retries: 0 }).catch(() => {})
      await new UapiClient({ directory: `/${text}` }).device('wg0').catch(() => {})
    }
    const objects = heard.flatMap(({ events }) => events.map(([, object]) => object))
    expect(objects.length).toBeGreaterThan(100)
    const secrets = [
      CONFIG.privateKey,
      ...CONFIG.peers.map((peer) => SecretKey.parse(peer.presharedKey!)),
    ]
    const all = [
      ...mangled,
      ...secrets.flatMap((key) => mangledKeys(key.bytes()).map(([, k]) => k)),
    ]
    const texts = inspect(objects, { depth: null, showHidden: true }) + JSON.stringify(objects)
    expect(all.filter((key) => shows(texts, key))).toStrictEqual([])
    expect(objects.filter((object) => reachesSecret(object))).toStrictEqual([])
    for (const each of heard) each[Symbol.dispose]()
  })
})

function noAddress(): Promise<string> {
  return Promise.reject(new Error('no'))
}

function isStream(value: unknown): value is AsyncGenerator<unknown, void> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** Whether a property of a property ... is a key, which could be asked for its text. */
function reachesSecret(value: unknown, seen = new Set<unknown>()): boolean {
  if (value instanceof SecretKey) return true
  if (typeof value !== 'object' || value === null || seen.has(value)) return false
  seen.add(value)
  return Reflect.ownKeys(value).some((key) => reachesSecret(Reflect.get(value, key), seen))
}
