import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { type DeviceConfig, type PeerConfig, UapiClient } from 'wireguardcfg'
import { UapiServer } from 'wireguardcfg/server'
import { runs } from '../../../../test-fixtures/runs.js'
import { replacement } from '../../src/sync/replacement.js'
import { syncDevice, type SyncOptions } from '../../src/sync/sync.js'
import { WireGuard } from '../../src/wireguard.js'
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test-fixtures/directory.js'
import {
  presharedKeyOf,
  privateKeyOf,
  publicKeyOf,
  sorted,
} from '../../../../test-fixtures/sample.js'

const [A, B, C, D] = [1, 2, 3, 4].map(publicKeyOf) as [string, string, string, string]

let directory: TemporaryDirectory
let server: UapiServer
let client: UapiClient
/** What was sent since the start of the test. */
let sent: DeviceConfig[]

beforeAll(async () => {
  directory = await temporaryDirectory()
  server = await UapiServer.listen({
    name: 'wg0',
    directory: directory.path,
    peerOrder: 'insertion',
  })
  client = new UapiClient({ directory: directory.path })
})
beforeEach(async () => {
  await client.configureDevice('wg0', replacement({}))
  sent = []
})
afterAll(async () => {
  await client.close()
  await server.close()
  await directory[Symbol.asyncDispose]()
})

const target = {
  device: (name: string) => client.device(name),
  configureDevice: (name: string, config: DeviceConfig) => {
    sent.push(config)
    return client.configureDevice(name, config)
  },
}
const sync = (config: DeviceConfig, options?: SyncOptions) =>
  syncDevice(target, 'wg0', config, options)
const NOTHING = { added: [], updated: [], removed: [], unchanged: [] }

describe('syncDevice', () => {
  it('adds, updates, removes and keeps peers in one call, and then has nothing to do', async () => {
    await client.configureDevice('wg0', {
      peers: [
        { publicKey: A, allowedIPs: ['10.0.0.1/32'] },
        { publicKey: B, allowedIPs: ['10.0.0.2/32'], persistentKeepalive: 5 },
        { publicKey: C },
      ],
    })
    const config = {
      peers: [
        { publicKey: A, allowedIPs: ['10.0.0.1'] },
        { publicKey: B, allowedIPs: ['10.0.0.2/32'], persistentKeepalive: 6 },
        { publicKey: D, allowedIPs: ['10.0.0.3/32'] },
      ],
    }
    await expect(sync(config)).resolves.toStrictEqual({
      added: [D],
      updated: [B],
      removed: [C],
      unchanged: [A],
    })
    expect(sent).toStrictEqual([
      {
        peers: [
          { publicKey: B, updateOnly: true, persistentKeepalive: 6 },
          { publicKey: D, allowedIPs: ['10.0.0.3/32'] },
          { publicKey: C, remove: true },
        ],
      },
    ])
    await expect(sync(config)).resolves.toStrictEqual({ ...NOTHING, unchanged: [A, B, D] })
    expect(sent).toHaveLength(1)
  })

  it('leaves peers alone when the configuration has none, and removes them when its list is empty', async () => {
    await client.configureDevice('wg0', { peers: [{ publicKey: A }] })
    await expect(sync({ firewallMark: 1 })).resolves.toStrictEqual({ ...NOTHING, unchanged: [A] })
    expect(sent).toStrictEqual([{ firewallMark: 1 }])
    await expect(sync({ peers: [] })).resolves.toStrictEqual({ ...NOTHING, removed: [A] })
  })

  describe('sends fields of the device only when they differ', () => {
    const privateKey = privateKeyOf(1)
    const present = { privateKey, listenPort: 51820, firewallMark: 7 }
    it.each<[string, DeviceConfig, DeviceConfig | undefined]>([
      ['all the same', present, undefined],
      ['all absent', {}, undefined],
      ['the same key unclamped', { privateKey: unclamped(privateKey.bytes()) }, undefined],
      ['any port', { listenPort: 0 }, undefined],
      ['another mark', { ...present, firewallMark: 8 }, { firewallMark: 8 }],
      ['no mark', { firewallMark: 0 }, { firewallMark: 0 }],
      ['another port', { listenPort: 1 }, { listenPort: 1 }],
      ['no key', { privateKey: null }, { privateKey: null }],
    ])('%s', async (_, config, expected) => {
      await client.configureDevice('wg0', present)
      await sync(config)
      expect(sent).toStrictEqual(expected === undefined ? [] : [expected])
    })
  })

  describe('clears the absent fields of a peer except its endpoint', () => {
    const present = {
      publicKey: A,
      presharedKey: presharedKeyOf(1),
      endpoint: '192.0.2.1:1',
      persistentKeepalive: 25,
      allowedIPs: ['10.0.0.0/8', 'fd00::/64'],
    }
    it.each<[string, PeerConfig, PeerConfig | undefined]>([
      ['nothing absent', present, undefined],
      ['the endpoint', { ...present, endpoint: undefined }, undefined],
      [
        'the keepalive',
        { ...present, persistentKeepalive: undefined },
        { publicKey: A, updateOnly: true, persistentKeepalive: 0 },
      ],
      [
        'the preshared key',
        { ...present, presharedKey: undefined },
        { publicKey: A, updateOnly: true, presharedKey: null },
      ],
      [
        'one allowed IP',
        { ...present, allowedIPs: ['10.0.0.0/8'] },
        { publicKey: A, updateOnly: true, removeAllowedIPs: ['fd00::/64'] },
      ],
      [
        'one allowed IP of a list that is changed',
        { ...present, allowedIPs: ['10.0.0.0/8'], removeAllowedIPs: [] },
        undefined,
      ],
      [
        'an allowed IP of a list that is changed, with a minus',
        { ...present, allowedIPs: ['10.0.0.0/9'], removeAllowedIPs: ['10.0.0.0/8', '10.9.0.0/16'] },
        {
          publicKey: A,
          updateOnly: true,
          allowedIPs: ['10.0.0.0/9'],
          removeAllowedIPs: ['10.0.0.0/8'],
        },
      ],
    ])('%s', async (_, config, expected) => {
      await client.configureDevice('wg0', { peers: [present] })
      await sync({ peers: [config] })
      expect(sent).toStrictEqual(expected === undefined ? [] : [{ peers: [expected] }])
    })
  })

  it('moves an allowed IP by adding it to its new peer before the old peer is removed', async () => {
    await client.configureDevice('wg0', {
      peers: [
        { publicKey: A, allowedIPs: ['10.0.0.1/32', '10.0.0.2/32'] },
        { publicKey: B, allowedIPs: ['10.0.0.3/32'] },
      ],
    })
    await sync({
      peers: [
        { publicKey: A, allowedIPs: ['10.0.0.1/32'] },
        { publicKey: C, allowedIPs: ['10.0.0.2/32', '10.0.0.3/32'] },
      ],
    })
    expect(sent).toStrictEqual([
      {
        peers: [
          { publicKey: C, allowedIPs: ['10.0.0.2/32', '10.0.0.3/32'] },
          { publicKey: B, remove: true },
        ],
      },
    ])
  })

  it('gives an allowed IP of several peers to the last one, as setconf does, and then sends nothing more', async () => {
    const shared = ['10.0.0.0/24']
    const config = { peers: [A, B, C].map((publicKey) => ({ publicKey, allowedIPs: shared })) }
    await sync(config)
    await sync(config)
    expect(sent).toHaveLength(1)
    const { peers } = await client.device('wg0')
    expect(peers.map(({ allowedIPs }) => allowedIPs)).toStrictEqual([[], [], shared])
  })

  it.each<[string, PeerConfig]>([
    ['to be removed', { publicKey: A, remove: true }],
    ['only to be updated', { publicKey: A, updateOnly: true, persistentKeepalive: 1 }],
    ['with the key of the device', { publicKey: privateKeyOf(1).publicKey() }],
  ])('does not add a peer %s', async (_, peer) => {
    await sync({ privateKey: privateKeyOf(1), peers: [peer] })
    sent = []
    await expect(sync({ peers: [peer] })).resolves.toStrictEqual(NOTHING)
    expect(sent).toStrictEqual([])
  })

  describe('the endpoint of a peer that is elsewhere', () => {
    const old = { peers: [{ publicKey: A, endpoint: '192.0.2.1:1' }] }
    const other = { peers: [{ publicKey: A, endpoint: '192.0.2.2:2' }] }
    const without = { peers: [{ publicKey: A }] }
    it.each<[string, 'roamed' | 'configured', DeviceConfig, SyncOptions, string]>([
      ['stays when it roamed', 'roamed', old, {}, '198.51.100.9:9'],
      ['is written when it cannot have roamed', 'configured', other, {}, '192.0.2.2:2'],
      ['is written when asked for', 'roamed', old, { endpoints: 'write' }, '192.0.2.1:1'],
      [
        'stays when the configuration has none',
        'roamed',
        without,
        { endpoints: 'write' },
        '198.51.100.9:9',
      ],
      [
        'stays when the configuration is as before',
        'roamed',
        old,
        { previous: old },
        '198.51.100.9:9',
      ],
      [
        'stays when the configuration is as before, without a handshake',
        'configured',
        other,
        { previous: other },
        '192.0.2.1:1',
      ],
      [
        'is written when the configuration changed',
        'roamed',
        other,
        { previous: old },
        '192.0.2.2:2',
      ],
      [
        'is written when it was not in the configuration',
        'roamed',
        other,
        { previous: without },
        '192.0.2.2:2',
      ],
      [
        'is written when the peer was not in the configuration',
        'roamed',
        other,
        { previous: {} },
        '192.0.2.2:2',
      ],
    ])('%s', async (_, how, config, options, expected) => {
      await client.configureDevice('wg0', old)
      if (how === 'roamed') {
        server.setPeer(A, { endpoint: '198.51.100.9:9', lastHandshake: new Date(1e12) })
      }
      await sync(config, options)
      const [peer] = (await client.device('wg0')).peers
      expect(`${peer?.endpoint?.host}:${peer?.endpoint?.port}`).toBe(expected)
    })

    it('stays after a configuration without it if the caller keeps what was written last', async () => {
      await client.configureDevice('wg0', old)
      server.setPeer(A, { endpoint: '198.51.100.9:9', lastHandshake: new Date(1e12) })
      const endpoint = async () => (await client.device('wg0')).peers[0]?.endpoint?.port
      await sync(without, { previous: old })
      expect(await endpoint()).toBe(9)
      // `without` says that no endpoint was written, so that of `old` is new.
      await sync(old, { previous: old })
      expect(await endpoint()).toBe(9)
      await sync(old, { previous: without })
      expect(await endpoint()).toBe(1)
    })

    it('is written to a peer that has none, even after earlier writes', async () => {
      await client.configureDevice('wg0', without)
      await sync(old, { previous: old })
      expect((await client.device('wg0')).peers).toMatchObject([{ endpoint: { port: 1 } }])
    })
  })

  it.each<[string, DeviceConfig, SyncOptions]>([
    ['the configuration', { peers: [{ publicKey: 'x' }] }, {}],
    ['the previous one', {}, { previous: { peers: [{ publicKey: 'x' }] } }],
  ])('refuses a fault in %s before anything is sent', async (_, config, options) => {
    await expect(sync(config, options)).rejects.toMatchObject({
      code: 'EINVAL',
      path: 'peers[0].publicKey',
    })
    expect(sent).toStrictEqual([])
  })

  it('has the same result as replacing, and does nothing the second time', async () => {
    await fc.assert(
      fc.asyncProperty(anyPeers(), anyPeers(), async (before, after) => {
        const wanted = { privateKey: privateKeyOf(9), firewallMark: 3, peers: after }
        await client.configureDevice('wg0', replacement(wanted))
        const expected = sorted(await client.device('wg0'))
        await client.configureDevice('wg0', replacement({ peers: before }))
        await sync(wanted, { endpoints: 'write' })
        const first = sorted(await client.device('wg0'))
        sent = []
        const second = await sync(wanted, { endpoints: 'write' })
        expect(comparable(first, after)).toStrictEqual(comparable(expected, after))
        expect(sent).toStrictEqual([])
        expect(second.unchanged).toHaveLength(after.length)
      }),
      runs(60),
    )
  })
})

describe('WireGuard', () => {
  let wg: WireGuard
  beforeEach(async () => {
    wg = await WireGuard.open({ socketDirectory: directory.path, backends: ['userspace'] })
  })
  afterEach(() => wg.close())

  it('replaceDevice resets what is absent and replaces the peers', async () => {
    await wg.configureDevice('wg0', {
      privateKey: privateKeyOf(1),
      firewallMark: 1,
      peers: [{ publicKey: A, persistentKeepalive: 5 }, { publicKey: B }],
    })
    await wg.replaceDevice('wg0', { listenPort: 51820, peers: [{ publicKey: A }] })
    await expect(wg.device('wg0')).resolves.toMatchObject({
      privateKey: undefined,
      listenPort: 51820,
      firewallMark: 0,
      peers: [{ publicKey: A, persistentKeepalive: 0 }],
    })
  })

  it('replaceDevice refuses a misspelt field before anything is changed', async () => {
    await wg.configureDevice('wg0', { peers: [{ publicKey: A }] })
    const config = { firewalMark: 1 } as DeviceConfig
    await expect(wg.replaceDevice('wg0', config)).rejects.toMatchObject({
      code: 'EINVAL',
      path: 'firewalMark',
    })
    expect((await wg.device('wg0')).peers).toHaveLength(1)
  })

  it('syncDevice reports what it did', async () => {
    await wg.configureDevice('wg0', { peers: [{ publicKey: A }] })
    await expect(wg.syncDevice('wg0', { peers: [{ publicKey: B }] })).resolves.toStrictEqual({
      added: [B],
      updated: [],
      removed: [A],
      unchanged: [],
    })
  })
})

/**
 * Keys as text, because secret keys all look the same; and no endpoint where none is wanted,
 * because none can be cleared.
 */
function comparable(
  { peers, ...device }: Awaited<ReturnType<typeof client.device>>,
  wanted: readonly PeerConfig[],
) {
  const withEndpoint = new Set(
    wanted.filter(({ endpoint }) => endpoint !== undefined).map(({ publicKey }) => publicKey),
  )
  return {
    ...device,
    // Any, because the configuration says none.
    listenPort: undefined,
    privateKey: device.privateKey?.toBase64(),
    peers: peers.map(({ presharedKey, endpoint, ...peer }) => ({
      ...peer,
      endpoint: withEndpoint.has(peer.publicKey) ? endpoint : undefined,
      presharedKey: presharedKey?.toBase64(),
    })),
  }
}

function anyPeers(): fc.Arbitrary<PeerConfig[]> {
  const allowedIPs = ['10.0.0.0/8', '10.0.0.0/16', '10.1.0.0/16', 'fd00::/64', '::/0', '0.0.0.0/0']
  const peer = fc.record(
    {
      publicKey: fc.integer({ min: 1, max: 6 }).map(publicKeyOf),
      presharedKey: fc.option(fc.integer({ min: 1, max: 2 }).map(presharedKeyOf)),
      endpoint: fc.constantFrom('192.0.2.1:1', '[2001:db8::1]:2'),
      persistentKeepalive: fc.constantFrom(0, 1, 65_535),
      allowedIPs: fc.uniqueArray(fc.constantFrom(...allowedIPs)),
    },
    { requiredKeys: ['publicKey'] },
  )
  return fc.uniqueArray(peer, { selector: ({ publicKey }) => publicKey, maxLength: 6 })
}

function unclamped(bytes: Uint8Array): string {
  bytes[0] = bytes[0]! | 7
  return Buffer.from(bytes).toString('base64')
}
