import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../test-fixtures/runs.js'
import { sampleDevice, samplePeer } from '../../../../test-fixtures/sample.js'
import { formatConf, confFromDevice, confFromConfig, parseConf } from '../../src/conf.js'
import { type ConfMode, toDeviceConfigs, withEndpoints } from '../../src/conf/convert.js'
import { checkDeviceConfig } from '../../src/backend/check.js'
import { formatIP } from '../../src/model/ip.js'
import { canonicalAllowedIP } from '../../src/model/allowed-ip.js'
import { type PeerConfig, toConfig } from '../../src/model/config.js'
import { SecretKey } from '../../src/model/key.js'
import { thrown } from '../model/faults.js'
import { KEY_A, KEY_B, PRIVATE_KEY, PSK, ZERO } from './wg-cases.js'

const convert = (text: string, mode: ConfMode) => toDeviceConfigs(parseConf(text), mode)
const peerOf = (lines: string) =>
  convert(`[Peer]\nPublicKey=${KEY_A}\n${lines}`, 'addconf').configs[0]?.peers

describe('toDeviceConfigs', () => {
  it('setconf resets what is absent and replaces the peers', () => {
    expect(convert('', 'setconf').configs).toEqual([
      { privateKey: null, listenPort: 0, firewallMark: 0, replacePeers: true, peers: [] },
    ])
  })

  it('addconf keeps the absent fields', () => {
    expect(convert('', 'addconf').configs).toEqual([{ peers: [] }])
    expect(convert(`[Interface]\nPrivateKey=${ZERO}\nFwMark=off\n`, 'addconf').configs).toEqual([
      { privateKey: null, firewallMark: 0, peers: [] },
    ])
  })

  it('replaces the allowed IPs of a peer unless one has a sign', () => {
    expect(peerOf('')).toEqual([{ publicKey: KEY_A, allowedIPs: [], replaceAllowedIPs: true }])
    expect(peerOf('AllowedIPs=10.0.0.1')).toEqual([
      { publicKey: KEY_A, allowedIPs: ['10.0.0.1/32'], replaceAllowedIPs: true },
    ])
    expect(peerOf('AllowedIPs=+10.0.0.1,-::/0')).toEqual([
      { publicKey: KEY_A, allowedIPs: ['10.0.0.1/32'], removeAllowedIPs: ['::/0'] },
    ])
  })

  it('adds an allowed IP that is added and removed again, and then removes it, as wg does', () => {
    expect(
      convert(`[Peer]\nPublicKey=${KEY_A}\nAllowedIPs=+10.0.0.1,-10.0.0.1,-::/0\n`, 'addconf')
        .configs,
    ).toEqual([
      { peers: [{ publicKey: KEY_A, allowedIPs: ['10.0.0.1/32'], removeAllowedIPs: ['::/0'] }] },
      { peers: [{ publicKey: KEY_A, removeAllowedIPs: ['10.0.0.1/32'] }] },
    ])
    // Where the order is the other one, removing it first would change nothing.
    expect(peerOf('AllowedIPs=-10.0.0.1,+10.0.0.1')).toEqual([
      { publicKey: KEY_A, allowedIPs: ['10.0.0.1/32'], removeAllowedIPs: [] },
    ])
  })

  it('finds the names of peers behind such an allowed IP', () => {
    const peer = `[Peer]\nPublicKey=${KEY_A}\nAllowedIPs=10.0.0.1\nAllowedIPs=-10.0.0.1\n`
    const text = `${peer}Endpoint=a.example:1\n${peer}Endpoint=b.example:1\n`
    const conversion = convert(text, 'addconf')
    const configs = withEndpoints(conversion, [
      { host: '192.0.2.1', port: 1 },
      { host: '192.0.2.2', port: 1 },
    ])
    expect(configs.map(({ peers }) => peers?.[0]?.endpoint)).toEqual([
      { host: '192.0.2.1', port: 1 },
      undefined,
      { host: '192.0.2.2', port: 1 },
      undefined,
    ])
  })

  it('lets the last AllowedIPs line decide, as wg does', () => {
    expect(peerOf('AllowedIPs=10.0.0.1\nAllowedIPs=+10.0.0.2,10.0.0.3')).toEqual([
      {
        publicKey: KEY_A,
        allowedIPs: ['10.0.0.1/32', '10.0.0.2/32', '10.0.0.3/32'],
        removeAllowedIPs: [],
      },
    ])
    expect(peerOf('AllowedIPs=+10.0.0.1,-10.0.0.2\nAllowedIPs=10.0.0.3')).toEqual([
      { publicKey: KEY_A, allowedIPs: ['10.0.0.1/32', '10.0.0.3/32'], replaceAllowedIPs: true },
    ])
  })

  it('splits where a public key repeats', () => {
    const text = [KEY_A, KEY_B, KEY_A, KEY_A, KEY_B]
      .map((key) => `[Peer]\nPublicKey=${key}\n`)
      .join('')
    const { configs } = convert(`[Interface]\nListenPort=1\n${text}`, 'setconf')
    expect(configs.map(({ peers }) => peers?.map(({ publicKey }) => publicKey))).toEqual([
      [KEY_A, KEY_B],
      [KEY_A],
      [KEY_A, KEY_B],
    ])
    // The second must not remove what the first made.
    expect(configs.map(({ replacePeers, listenPort }) => [replacePeers, listenPort])).toEqual([
      [true, 1],
      [undefined, undefined],
      [undefined, undefined],
    ])
  })

  it('makes configurations that need no further check', async () => {
    const { configs } = convert(`[Peer]\nPublicKey=${KEY_A}\n`, 'setconf')
    expect(await checkDeviceConfig(configs[0]!)).toBe(configs[0])
  })

  it('lists the endpoints that are names, and takes their addresses', async () => {
    const conversion = convert(
      `[Peer]\nPublicKey=${KEY_A}\nEndpoint=a.example:1\n[Peer]\nPublicKey=${KEY_B}\nEndpoint=192.0.2.1:2\n[Peer]\nPublicKey=${KEY_A}\nEndpoint=b.example:3\n`,
      'addconf',
    )
    expect(conversion.unresolved).toEqual([
      { config: 0, peer: 0, publicKey: KEY_A, host: 'a.example', port: 1 },
      { config: 1, peer: 0, publicKey: KEY_A, host: 'b.example', port: 3 },
    ])
    const configs = withEndpoints(conversion, [undefined, { host: '2001:DB8::1', port: 3 }])
    expect(configs.map(({ peers }) => peers?.map(({ endpoint }) => endpoint))).toEqual([
      [undefined, { host: '192.0.2.1', port: 2 }],
      [{ host: '2001:db8::1', port: 3 }],
    ])
    expect(await checkDeviceConfig(configs[1]!)).toBe(configs[1])
    expect(thrown(() => withEndpoints(conversion, [{ host: 'c.example', port: 1 }])).code).toBe(
      'EINVAL',
    )
  })
})

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
const publicKey = bytes.map((key) => Buffer.from(key).toString('base64'))
const secret = bytes
  .filter((key) => key.some((byte) => byte !== 0))
  .map((key) => SecretKey.parse(key))
const address = fc
  .oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  )
  .map((ip) => formatIP(ip))
const allowedIP = fc
  .tuple(address, fc.nat(128))
  .map(([ip, length]) => canonicalAllowedIP(`${ip}/${ip.includes(':') ? length : length % 33}`))
const endpoint = fc.record({ host: address, port: fc.nat(65_535) })

const anyPeer = fc
  .record({
    publicKey,
    presharedKey: fc.option(secret, { nil: undefined }),
    endpoint: fc.option(endpoint, { nil: undefined }),
    persistentKeepalive: fc.nat(65_535),
    allowedIPs: fc.uniqueArray(allowedIP, { maxLength: 5 }),
  })
  .map(samplePeer)

const anyDevice = fc
  .record({
    privateKey: fc.option(secret, { nil: undefined }),
    listenPort: fc.nat(65_535),
    firewallMark: fc.nat(0xffff_ffff),
    peers: fc.uniqueArray(anyPeer, { maxLength: 5, selector: ({ publicKey: key }) => key }),
  })
  .map(sampleDevice)

describe('confFromDevice and confFromConfig', () => {
  it('write files from which setconf makes the same device', async () => {
    await fc.assert(
      fc.asyncProperty(anyDevice, async (wanted) => {
        const checked = await checkDeviceConfig(toConfig(wanted))
        for (const conf of [confFromDevice(wanted), confFromConfig(toConfig(wanted))]) {
          const { configs, unresolved } = toDeviceConfigs(parseConf(formatConf(conf)), 'setconf')
          expect(unresolved).toEqual([])
          expect(configs.map(withDefaults)).toEqual([withDefaults(checked)])
        }
      }),
      runs(100),
    )
  })

  it('write files that addconf reads as the same configuration', async () => {
    const peerConfig: fc.Arbitrary<PeerConfig> = fc
      .record(
        {
          publicKey,
          presharedKey: fc.option(secret, { nil: null }),
          endpoint,
          persistentKeepalive: fc.nat(65_535),
          list: fc.uniqueArray(allowedIP, { minLength: 1, maxLength: 5 }),
          replaceAllowedIPs: fc.constant(true),
        },
        { requiredKeys: ['publicKey', 'list'] },
      )
      .map(({ list, ...rest }) =>
        rest.replaceAllowedIPs
          ? { ...rest, allowedIPs: list }
          : { ...rest, allowedIPs: list.slice(1), removeAllowedIPs: list.slice(0, 1) },
      )
    const config = fc.record(
      {
        privateKey: fc.option(secret, { nil: null }),
        listenPort: fc.nat(65_535),
        firewallMark: fc.nat(0xffff_ffff),
        peers: fc.uniqueArray(peerConfig, { maxLength: 4, selector: (one) => one.publicKey }),
      },
      { requiredKeys: ['peers'] },
    )
    await fc.assert(
      fc.asyncProperty(config, async (wanted) => {
        const conf = parseConf(formatConf(confFromConfig(wanted)))
        expect(toDeviceConfigs(conf, 'addconf').configs).toEqual([await checkDeviceConfig(wanted)])
      }),
      runs(100),
    )
  })

  it('write a device as wg showconf does', () => {
    const text = `[Interface]\nListenPort = 51820\nFwMark = 0x1f\nPrivateKey = ${PRIVATE_KEY}\n\n[Peer]\nPublicKey = ${KEY_A}\nPresharedKey = ${PSK}\nAllowedIPs = 10.0.0.1/32, ::/0\nEndpoint = [2001:db8::1]:5\nPersistentKeepalive = 25\n\n[Peer]\nPublicKey = ${KEY_B}\n`
    const device = sampleDevice({
      privateKey: SecretKey.parse(PRIVATE_KEY),
      listenPort: 51820,
      firewallMark: 31,
      peers: [
        samplePeer({
          publicKey: KEY_A,
          presharedKey: SecretKey.parse(PSK),
          endpoint: { host: '2001:db8::1', port: 5 },
          persistentKeepalive: 25,
          allowedIPs: ['10.0.0.1/32', '::/0'],
        }),
        samplePeer({ publicKey: KEY_B }),
      ],
    })
    expect(formatConf(confFromDevice(device))).toBe(text)
  })

  it.each<[string, PeerConfig, string]>([
    ['a removal', { publicKey: KEY_B, remove: true }, 'peers[1].remove'],
    ['an update only', { publicKey: KEY_B, updateOnly: true }, 'peers[1].updateOnly'],
    ['allowed IPs left alone', { publicKey: KEY_B }, 'peers[1].replaceAllowedIPs'],
    ['a key that is none', { publicKey: 'x', replaceAllowedIPs: true }, 'peers[1].publicKey'],
    [
      'a name',
      { publicKey: KEY_B, endpoint: 'a.example:1', allowedIPs: ['::1'] },
      'peers[1].endpoint',
    ],
    [
      'an invalid allowed IP',
      { publicKey: KEY_B, allowedIPs: ['::1', 'x'] },
      'peers[1].allowedIPs[1]',
    ],
    [
      'two allowed IPs in one',
      { publicKey: KEY_B, allowedIPs: ['::1,::2'] },
      'peers[1].allowedIPs[0]',
    ],
    [
      'a keepalive too long',
      { publicKey: KEY_B, allowedIPs: ['::1'], persistentKeepalive: 65_536 },
      'peers[1].persistentKeepalive',
    ],
    [
      'a zero secret',
      { publicKey: KEY_B, allowedIPs: ['::1'], presharedKey: ZERO },
      'peers[1].presharedKey',
    ],
  ])('refuse %s', (_, peer, path) => {
    const run = () =>
      confFromConfig({ peers: [{ publicKey: KEY_A, allowedIPs: ['10.0.0.1'] }, peer] })
    expect(thrown(run)).toMatchObject({ code: 'EINVAL', path })
  })
})

/** Fields that a file leaves out because the mode resets them. */
function withDefaults(config: Awaited<ReturnType<typeof checkDeviceConfig>>) {
  return {
    ...config,
    peers: (config.peers ?? []).map((peer) => ({
      ...peer,
      presharedKey: peer.presharedKey ?? null,
      persistentKeepalive: peer.persistentKeepalive ?? 0,
    })),
  }
}
