import { afterAll, expect, it } from '@jest/globals'
import { publicKeyFromBytes, SecretKey } from 'wireguardcfg'
import { type CheckedDeviceConfig, type CheckedPeerConfig, markChecked } from 'wireguardcfg/backend'
import { describeWith, hasKernelWireGuard, hasWg } from '../../../../test-fixtures/require.js'
import { NetlinkClient } from '../../src/wireguard/client.js'
import { addInterface, closeAttic, run, wgSetconf } from '../support/kernel-device.js'
import { formatDump } from '../../../../test-fixtures/wg-dump.js'
import { allowedIPsOf, publicKeyOf } from '../../../../test-fixtures/sample.js'

/** The newest kernel takes more than a minute for 20,000 in an emulated machine. */
const MANY = process.env['WIREGUARD_TEST_FULL'] === '1' ? 20_000 : 5000

const privateKey = SecretKey.parse(new Uint8Array(32).fill(0x42))
const zero = publicKeyFromBytes(new Uint8Array(32))
const lowOrder = publicKeyFromBytes(new Uint8Array(32).fill(1, 0, 1))

function peers(
  count: number,
  more: (i: number) => Partial<CheckedPeerConfig>,
): CheckedPeerConfig[] {
  return Array.from({ length: count }, (_, i) => ({ publicKey: publicKeyOf(i + 1), ...more(i) }))
}

/** A peer with everything, and two allowed IPs that no other has. */
function fullPeer(i: number): Partial<CheckedPeerConfig> {
  return {
    presharedKey: SecretKey.parse(new Uint8Array(32).fill(7).fill(i & 255, 0, 1)),
    endpoint:
      i % 2 === 0
        ? { host: `198.51.100.${i & 255}`, port: 1 + (i & 0x7fff) }
        : { host: `2001:db8::${(i & 0xffff).toString(16)}`, port: 51820 },
    persistentKeepalive: i & 31,
    allowedIPs: [
      `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/32`,
      `fd00::1:${i.toString(16)}/128`,
    ],
  }
}

const CASES: readonly (readonly [string, CheckedDeviceConfig])[] = [
  ['no peers', { privateKey, listenPort: 51820, firewallMark: 0xffff_ffff }],
  [
    '1 peer, with a zone',
    { peers: peers(1, () => ({ endpoint: { host: 'fe80::1%wgzone', port: 7 } })) },
  ],
  ['1,000 peers', { privateKey, peers: peers(1000, fullPeer) }],
  [
    '40 peers with 52 allowed IPs',
    { peers: peers(40, (i) => ({ allowedIPs: allowedIPsOf(i, 52) })) },
  ],
  [
    '29 peers without allowed IPs, then one with',
    { peers: peers(30, (i) => (i === 29 ? { allowedIPs: ['10.0.0.0/8'] } : {})) },
  ],
  ['/0 prefixes', { peers: peers(1, () => ({ allowedIPs: ['0.0.0.0/0', '::/0'] })) }],
  [
    'one prefix that moves between peers',
    { peers: peers(9, (i) => ({ allowedIPs: ['10.0.0.0/8', `10.${i}.0.0/16`] })) },
  ],
  [
    'the zero key and a key of low order as peers',
    {
      privateKey,
      peers: [
        { publicKey: zero, allowedIPs: ['10.0.0.1/32'] },
        { publicKey: lowOrder, allowedIPs: ['10.0.0.2/32'] },
      ],
    },
  ],
  [
    'the own public key as a peer',
    {
      privateKey,
      peers: [{ publicKey: privateKey.publicKey(), allowedIPs: allowedIPsOf(1, 1000) }],
    },
  ],
  [
    'one peer with 130,560 allowed IPs',
    { peers: peers(1, () => ({ allowedIPs: allowedIPsOf(1, 130_560) })) },
  ],
  [`${MANY} peers`, { privateKey, peers: peers(MANY, fullPeer) }],
]

describeWith([hasKernelWireGuard, hasWg], 'devices of every size on a real kernel', () => {
  afterAll(closeAttic)

  it.each(CASES)(
    'are configured as wg setconf does, and read as wg reads them: %s',
    async (_, config) => {
      const count = config.peers?.length ?? 0
      await using client = new NetlinkClient()
      await using zone = await addInterface('wgzone', { kind: 'dummy' })
      await using ours = await addInterface(`wgours${count}`, { peers: count })
      await using theirs = await addInterface(`wgtheirs${count}`, { peers: count })
      expect(zone.name).toBe('wgzone')
      // Checked already: what is compared here is the way to the kernel and back.
      markChecked(config)

      await client.configureDevice(ours.name, config)
      await wgSetconf(theirs.name, config)
      const shown = await run('wg', 'show', ours.name, 'dump')
      expect(firstDifference(shown, await run('wg', 'show', theirs.name, 'dump'))).toBeUndefined()
      expect(
        firstDifference(
          await run('wg', 'showconf', ours.name),
          await run('wg', 'showconf', theirs.name),
        ),
      ).toBeUndefined()

      const device = await client.device(ours.name)
      expect(firstDifference(formatDump(device), shown)).toBeUndefined()
      expect(device.name).toBe(ours.name)

      const streamed = []
      for await (const batch of client.peerBatches(ours.name)) streamed.push(...batch)
      expect(firstDifference(formatDump({ ...device, peers: streamed }), shown)).toBeUndefined()
    },
    600_000,
  )
})

/** The first two lines that differ: a diff of megabytes takes jest minutes. */
function firstDifference(a: string, b: string): readonly [unknown, unknown] | undefined {
  if (a === b) return undefined
  const [left, right] = [a.split('\n'), b.split('\n')]
  const at = left.findIndex((line, i) => line !== right[i])
  return [left[at]?.slice(0, 500) ?? left.length, right[at]?.slice(0, 500) ?? right.length]
}
