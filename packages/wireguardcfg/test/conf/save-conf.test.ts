import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../test-fixtures/runs.js'
import {
  configFromConf,
  formatConf,
  interfaceSettings,
  parseConf,
  saveConf,
  type SaveConfOptions,
} from '../../src/conf.js'
import type { Device, Peer } from '../../src/index.js'
import { SecretKey } from '../../src/index.js'
import { emptyPeer } from '../../src/model/device.js'
import { thrown } from '../model/faults.js'
import { KEY_A, KEY_B, KEY_C, PRIVATE_KEY, PSK } from './wg-cases.js'

const FILE = `# the office
[Interface] # main
Address = 10.0.0.1/24 , fd00::1/64 # both
address=10.0.9.1
PrivateKey = ${PRIVATE_KEY}
ListenPort=51820
MTU = 1380
PostUp = iptables -A x; echo '# not a comment'

# Client: anna
[Peer]
PublicKey = ${KEY_A} # her phone
PresharedKey = ${PSK}
AllowedIPs = 10.0.0.2, fd00::2 # one
AllowedIPs = 10.0.7.9/24
Endpoint = vpn.example.com:51820 # at home
PersistentKeepalive = 25

[Peer]
# friendly_name = bert
PublicKey = ${KEY_B}
AllowedIPs = 10.0.0.3/32
`

const peerOf = (publicKey: string, fields: Partial<Peer>): Peer => ({
  ...emptyPeer(publicKey),
  ...fields,
})
const ANNA = peerOf(KEY_A, {
  presharedKey: SecretKey.parse(PSK),
  allowedIPs: ['fd00::2/128', '10.0.7.0/24', '10.0.0.2/32'],
  endpoint: { host: '192.0.2.1', port: 51_820 },
  persistentKeepalive: 25,
})
const BERT = peerOf(KEY_B, { allowedIPs: ['10.0.0.3/32'] })
const DEVICE: Device = {
  name: 'wg0',
  backend: 'kernel',
  index: 3,
  privateKey: SecretKey.parse(PRIVATE_KEY).clamped(),
  publicKey: SecretKey.parse(PRIVATE_KEY).publicKey(),
  listenPort: 51_820,
  firewallMark: 0,
  peers: [BERT, ANNA],
}
const SAME: SaveConfOptions = {
  addresses: ['10.0.9.1/32', '10.0.0.1/24', 'fd00::1/64', 'fe80::1/64'],
  mtu: 1380,
}

function saved(device: Device, options: SaveConfOptions = SAME, file = FILE): string {
  const conf = parseConf(file)
  const changed = saveConf(conf, device, options)
  const text = formatConf(conf)
  expect(changed).toBe(text !== file)
  // A second time there is nothing to do.
  expect(saveConf(parseConf(text), device, options)).toBe(false)
  return text
}

const withAnna = (fields: Partial<Peer>): Device => ({
  ...DEVICE,
  peers: [{ ...ANNA, ...fields }, BERT],
})

describe('a file that describes its device', () => {
  it.each<[string, Device, SaveConfOptions]>([
    ['with all that is known of the interface', DEVICE, SAME],
    ['with nothing else known', DEVICE, {}],
    ['with a name that has the address', DEVICE, resolvedTo('192.0.2.9', '192.0.2.1')],
    ['with a name that could not be looked up', DEVICE, { resolved: new Map() }],
    ['with a peer that was never seen', withAnna({ endpoint: undefined }), SAME],
    ['with keys that are not reported', withoutKeys(DEVICE), SAME],
    ['with the endpoints of the file', DEVICE, { ...resolvedTo('192.0.2.9'), endpoints: 'file' }],
  ])('stays as it is, %s', (_, device, options) => {
    expect(saved(device, options)).toBe(FILE)
  })

  it.each([
    ['without a port, and one bound', 'ListenPort=51820\n', ''],
    ['with port 0, and one bound', 'ListenPort=51820', 'ListenPort = 0'],
    ['whose command sets the key', /PrivateKey.*\n/, 'PostUp = wg set %i private-key /etc/key\n'],
    ['without addresses that are link-local', 'fd00::1/64', 'fd00::1/64, fe80::7/64'],
    ['without an MTU', 'MTU = 1380\n', ''],
    ['with another file for wg-quick', 'MTU = 1380', 'Jc = 4'],
  ])('stays as it is: one %s', (_, from, to) => {
    const file = FILE.replace(from, to)
    expect(file).not.toBe(FILE)
    expect(saved(DEVICE, SAME, file)).toBe(file)
  })

  it.each([
    ['stays unwritten with a default route', '0.0.0.0/0', '', ''],
    ['stays unwritten with a default route of IPv6', '::/0', 'Table = auto\n', ''],
    ['is written without one', '10.0.0.9/32', '', 'FwMark = 0xca6c\n'],
    ['is written for a table of its own', '::/0', 'Table = off\n', 'FwMark = 0xca6c\n'],
  ])('the mark that wg-quick may have set %s', (_, allowedIP, table, mark) => {
    const file = `[Interface]\n${table}[Peer]\nPublicKey = ${KEY_B}\nAllowedIPs = ${allowedIP}\n`
    const peers = [{ ...BERT, allowedIPs: [allowedIP] }]
    const device = withoutKeys({ ...DEVICE, firewallMark: 0xca6c, peers })
    expect(saved(device, {}, file)).toBe(file.replace('[Peer]', `${mark}[Peer]`))
  })
})

describe('a file of another device', () => {
  it.each<[string, Device, SaveConfOptions, string | RegExp, string]>([
    ['port', { ...DEVICE, listenPort: 7 }, SAME, 'ListenPort=51820', 'ListenPort=7'],
    ['MTU', DEVICE, { mtu: 1280 }, 'MTU = 1380', 'MTU = 1280'],
    ['interval', withAnna({ persistentKeepalive: 5 }), SAME, 'alive = 25', 'alive = 5'],
    ['interval of zero', withAnna({ persistentKeepalive: 0 }), SAME, 'alive = 25', 'alive = off'],
    [
      'no preshared key',
      withAnna({ presharedKey: undefined }),
      SAME,
      `PresharedKey = ${PSK}\n`,
      '',
    ],
    [
      'address of a name',
      DEVICE,
      resolvedTo('192.0.2.9'),
      'vpn.example.com:51820 # at',
      '192.0.2.1:51820 # at',
    ],
    [
      'allowed IP less',
      withAnna({ allowedIPs: ['fd00::2/128', '10.0.7.0/24'] }),
      SAME,
      '= 10.0.0.2, fd00::2 # one',
      '= fd00::2 # one',
    ],
    [
      'line of allowed IPs less',
      withAnna({ allowedIPs: ['fd00::2/128', '10.0.0.2/32'] }),
      SAME,
      'AllowedIPs = 10.0.7.9/24\n',
      '',
    ],
    [
      'allowed IP more',
      withAnna({ allowedIPs: [...ANNA.allowedIPs, '::/0'] }),
      SAME,
      '10.0.7.9/24\n',
      '10.0.7.9/24\nAllowedIPs = ::/0\n',
    ],
    [
      'address less, and one more',
      DEVICE,
      { addresses: ['10.0.0.1/24', '10.0.9.1/32', '10.0.8.1/24', 'fe80::1/64'] },
      '10.0.0.1/24 , fd00::1/64 # both\naddress=10.0.9.1\n',
      '10.0.0.1/24 # both\naddress=10.0.9.1\nAddress = 10.0.8.1/24\n',
    ],
    ['peer less', { ...DEVICE, peers: [BERT] }, SAME, /# Client[^]*?\n\n/, ''],
  ])('with another %s differs in that alone', (_, device, options, from, to) => {
    const expected = FILE.replace(from, to)
    expect(saved(device, options)).toBe(expected)
    expect(expected).not.toBe(FILE)
  })

  it('gets the peers that it lacks, and enables one that is disabled', () => {
    const conf = parseConf(FILE)
    conf.disablePeer(KEY_B)
    const cleo = peerOf(KEY_C, { allowedIPs: ['10.0.0.4/32'], persistentKeepalive: 5 })
    const text = saved({ ...DEVICE, peers: [ANNA, BERT, cleo] }, SAME, formatConf(conf))
    expect(text).toBe(
      `${FILE}\n[Peer]\nPublicKey = ${KEY_C}\nAllowedIPs = 10.0.0.4/32\nPersistentKeepalive = 5\n`,
    )
  })

  it.each([
    ['moves to an earlier peer', ['10.1.0.0/16', '10.2.0.0/16'], ['10.3.0.0/16']],
    ['moves to a later peer', [], ['10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16']],
    ['is in the first section of two', ['10.3.0.0/16'], ['10.1.0.0/16']],
  ])('an allowed IP %s', (_, first, second) => {
    const file = `[Peer]
PublicKey = ${KEY_A}
AllowedIPs = 10.1.0.0/16, 10.2.0.0/16
[Peer]
PublicKey = ${KEY_B}
AllowedIPs = 10.1.0.0/16
[Peer]
PublicKey = ${KEY_B}
AllowedIPs = +10.2.0.0/16, +10.3.0.0/16
`
    const peers = [peerOf(KEY_A, { allowedIPs: first }), peerOf(KEY_B, { allowedIPs: second })]
    const text = saved(withoutKeys({ ...DEVICE, peers }), {}, file)
    expect(meaningOf(text)).toEqual(meaning(peers))
  })

  it.each<[string, unknown, SaveConfOptions, string]>([
    ['a device', null, {}, 'expected a device'],
    ['peers', { ...DEVICE, peers: null }, {}, 'peers'],
    ['a peer', { ...DEVICE, peers: [BERT, null] }, {}, 'peers[1]'],
    ['an allowed IP', { ...DEVICE, peers: [{ ...BERT, allowedIPs: ['x'] }] }, {}, 'allowedIPs[0]'],
    [
      'an allowed IP of two peers',
      withAnna({ allowedIPs: ['10.0.0.3/32'] }),
      {},
      'peers[1].allowedIPs[0]: also in peers[0].allowedIPs[0]',
    ],
    ['a port', { ...DEVICE, listenPort: 70_000 }, {}, 'listenPort'],
    ['a key', { ...DEVICE, privateKey: 5 }, {}, 'privateKey'],
    ['an address', DEVICE, { addresses: ['x'] }, 'addresses[0]'],
    ['an MTU', DEVICE, { mtu: -1 }, 'mtu'],
    ['a map', DEVICE, { resolved: {} as never }, 'resolved'],
  ])('%s that is not valid changes nothing', (_, device, options, message) => {
    const conf = parseConf(FILE)
    const error = thrown(() => saveConf(conf, device as Device, options))
    expect(error).toMatchObject({ code: 'EINVAL' })
    expect(error.message).toContain(message)
    expect(formatConf(conf)).toBe(FILE)
  })

  it('changes nothing in a file with an error', () => {
    const conf = parseConf(`${FILE}foo\n`)
    expect(thrown(() => saveConf(conf, DEVICE))).toMatchObject({ code: 'EINVAL' })
    expect(formatConf(conf)).toBe(`${FILE}foo\n`)
  })
})

const keys = [KEY_A, KEY_B, KEY_C]
const ips = ['10.0.0.0/8', '10.1.0.0/16', '10.2.0.0/16', 'fd00::/8']
const lines = fc.constantFrom(
  ...ips.flatMap((ip) => [
    `AllowedIPs = ${ip}`,
    `AllowedIPs = +${ip}`,
    `AllowedIPs = -${ip}`,
    `AllowedIPs = +${ip}, -${ip}`,
  ]),
  'AllowedIPs = 10.0.0.0/8, fd00::/8 # c',
  'PersistentKeepalive = 5',
  '# c',
  '',
  `PresharedKey = ${PSK}`,
  'Endpoint = 192.0.2.1:1',
  'Endpoint = a.example:1',
)
const files = fc
  .array(fc.tuple(fc.constantFrom(...keys), fc.array(lines, { maxLength: 4 })), { maxLength: 6 })
  .map((sections) =>
    sections
      .map(([key, rest]) => ['[Peer]', `PublicKey = ${key}`, ...rest, ''].join('\n'))
      .join(''),
  )
const devices = fc
  .tuple(fc.subarray(keys), fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }), fc.boolean())
  .map(([some, owners, hasKey]): Device => {
    const peers = some.map((key, i) =>
      peerOf(key, {
        allowedIPs: ips.filter((_, j) => owners[j] === i),
        persistentKeepalive: i,
        presharedKey: hasKey && i > 0 ? SecretKey.parse(PSK) : undefined,
        endpoint: i === 1 ? { host: '192.0.2.7', port: 9 } : undefined,
      }),
    )
    return { ...DEVICE, peers }
  })

it('describes the device afterwards, whatever the file', () => {
  fc.assert(
    fc.property(files, devices, (file, device) => {
      const text = saved(device, { ...SAME, resolved: new Map([['a.example', []]]) }, file)
      expect(meaningOf(text)).toEqual(meaning(device.peers))
      const { privateKey, listenPort } = interfaceSettings(parseConf(text))
      expect(privateKey?.equals(device.privateKey)).toBe(true)
      expect(listenPort).toBeUndefined()
    }),
    runs(1000),
  )
})

function resolvedTo(...addresses: readonly string[]): SaveConfOptions {
  return { resolved: new Map([['vpn.example.com', addresses]]) }
}

function withoutKeys(device: Device): Device {
  const peers = device.peers.map((peer) => ({ ...peer, presharedKey: undefined }))
  return { ...device, privateKey: undefined, publicKey: undefined, peers }
}

/** What a file says of its peers, as far as a device has it. */
function meaningOf(text: string): unknown {
  return meaning(configFromConf(parseConf(text)).peers as never)
}

function meaning(peers: readonly Peer[]): unknown {
  const all = peers.map(({ publicKey, allowedIPs, persistentKeepalive, presharedKey }) => [
    publicKey,
    {
      allowedIPs: allowedIPs.toSorted(),
      persistentKeepalive: persistentKeepalive ?? 0,
      psk: presharedKey?.toBase64(),
    },
  ])
  return Object.fromEntries(all)
}
