import { describe, expect, it } from '@jest/globals'
import { base64Of } from '../../support/replies.js'
import {
  ALICE,
  BOB,
  OWN,
  OWN_PUBLIC,
  RawClient,
  SECRET,
  setOf,
  startServer,
  ZERO,
} from './raw-client.js'

/** The line of the n-th of many peers. */
function manyKey(n: number): string {
  return `public_key=${n.toString(16).padStart(64, '0')}`
}

/** The lines of a peer with nothing set. */
function peer(
  publicKey: string,
  changes: Record<string, string> = {},
  ...allowedIPs: string[]
): string[] {
  const { endpoint, ...others } = changes
  const fields = {
    public_key: publicKey,
    preshared_key: ZERO,
    protocol_version: '1',
    ...(endpoint === undefined ? {} : { endpoint }),
    last_handshake_time_sec: '0',
    last_handshake_time_nsec: '0',
    tx_bytes: '0',
    rx_bytes: '0',
    persistent_keepalive_interval: '0',
    ...others,
  }
  const lines = Object.entries(fields).map(([key, value]) => `${key}=${value}`)
  return [...lines, ...allowedIPs.map((allowedIP) => `allowed_ip=${allowedIP}`)]
}

// Compared with wireguard-go 0.0.20220316 (interface up), but for the removal of allowed IPs, which
// is newer.
interface Case {
  /** What the test says. */
  readonly it: string
  /** Set operations of one connection, line by line. */
  readonly sets: readonly (readonly string[])[]
  /** The status of the last one; 0 unless said. */
  readonly errno?: number
  /** The lines of a get afterwards. */
  readonly get: readonly string[]
}

const a = `public_key=${ALICE}`
const b = `public_key=${BOB}`
const keepalive = { persistent_keepalive_interval: '7' }

const device: Case[] = [
  { it: 'does nothing for no lines', sets: [[]], get: [] },
  { it: 'keeps the private key', sets: [[`private_key=${OWN}`]], get: [`private_key=${OWN}`] },
  {
    it: 'clamps the private key, in either case of letters',
    sets: [[`private_key=${'FF'.repeat(32)}`]],
    get: [`private_key=f8${'ff'.repeat(30)}7f`],
  },
  { it: 'clears the private key', sets: [[`private_key=${OWN}`, `private_key=${ZERO}`]], get: [] },
  { it: 'keeps the mark', sets: [['fwmark=4294967295']], get: ['fwmark=4294967295'] },
  { it: 'reports no mark of 0', sets: [['fwmark=1', 'fwmark=0']], get: [] },
  { it: 'takes leading zeros', sets: [['fwmark=0007']], get: ['fwmark=7'] },
  { it: 'drops a carriage return', sets: [['fwmark=7\r']], get: ['fwmark=7'] },
  {
    it: 'keeps what came before a bad line',
    sets: [['fwmark=1', 'x=1', 'fwmark=2']],
    errno: -22,
    get: ['fwmark=1'],
  },
  { it: 'refuses a line without =', sets: [['fwmark=1', 'fwmark']], errno: -71, get: ['fwmark=1'] },
  {
    it: 'refuses device keys after a peer',
    sets: [[a, 'fwmark=1']],
    errno: -22,
    get: peer(ALICE),
  },
  {
    it: 'refuses peer keys before a peer',
    sets: [[`preshared_key=${SECRET}`]],
    errno: -22,
    get: [],
  },
  {
    it: 'replaces all peers, with their allowed IPs',
    sets: [
      [a, 'allowed_ip=10.0.0.0/8', b],
      ['replace_peers=true', b, 'allowed_ip=10.0.0.0/8'],
    ],
    get: peer(BOB, {}, '10.0.0.0/8'),
  },
]

const peers: Case[] = [
  { it: 'creates a peer', sets: [[a]], get: peer(ALICE) },
  {
    it: 'changes a peer that exists',
    sets: [[a], [a, 'persistent_keepalive_interval=7']],
    get: peer(ALICE, keepalive),
  },
  {
    it: 'keeps a preshared key',
    sets: [[a, `preshared_key=${SECRET}`]],
    get: peer(ALICE, { preshared_key: SECRET }),
  },
  {
    it: 'clears a preshared key',
    sets: [[a, `preshared_key=${SECRET}`, `preshared_key=${ZERO}`]],
    get: peer(ALICE),
  },
  {
    it: 'keeps the preshared key when the new one is bad',
    sets: [
      [a, `preshared_key=${SECRET}`],
      [a, 'preshared_key=zz'],
    ],
    errno: -22,
    get: peer(ALICE, { preshared_key: SECRET }),
  },
  { it: 'takes protocol version 1', sets: [[a, 'protocol_version=1']], get: peer(ALICE) },
  {
    it: 'refuses protocol version 2',
    sets: [[a, 'protocol_version=2']],
    errno: -22,
    get: peer(ALICE),
  },
  {
    it: 'ignores its own key',
    sets: [[`private_key=${OWN}`, `public_key=${OWN_PUBLIC}`, 'allowed_ip=::/0']],
    get: [`private_key=${OWN}`],
  },
  {
    it: 'moves no allowed IP to its own key',
    sets: [
      [`private_key=${OWN}`, a, 'allowed_ip=::/0', `public_key=${OWN_PUBLIC}`, 'allowed_ip=::/0'],
    ],
    get: [`private_key=${OWN}`, ...peer(ALICE, {}, '::/0')],
  },
  {
    it: 'removes the peer that a new private key makes its own',
    sets: [[`public_key=${OWN_PUBLIC}`, a], [`private_key=${OWN}`]],
    get: [`private_key=${OWN}`, ...peer(ALICE)],
  },
  {
    it: 'ignores the zero key before it has a private key',
    sets: [[`public_key=${ZERO}`]],
    get: [],
  },
  {
    it: 'accepts the zero key as a peer once it has a private key',
    sets: [[`private_key=${OWN}`, `public_key=${ZERO}`]],
    get: [`private_key=${OWN}`, ...peer(ZERO)],
  },
  {
    it: 'removes a peer',
    sets: [
      [a, b],
      [a, 'remove=true'],
    ],
    get: peer(BOB),
  },
  {
    it: 'checks and ignores what follows a removal',
    sets: [[a, 'remove=true', 'allowed_ip=10.0.0.0/8', 'update_only=true']],
    get: [],
  },
  {
    it: 'refuses a bad line after a removal',
    sets: [[a, 'remove=true', 'x=1']],
    errno: -22,
    get: [],
  },
  {
    it: 'creates no peer for update_only',
    sets: [[a, 'update_only=true', 'persistent_keepalive_interval=7']],
    get: [],
  },
  {
    it: 'ignores what came before update_only',
    sets: [[a, 'allowed_ip=::/0', 'update_only=true'], [b]],
    get: peer(BOB),
  },
  {
    it: 'updates a peer that exists',
    sets: [[a], [a, 'update_only=true', 'persistent_keepalive_interval=7']],
    get: peer(ALICE, keepalive),
  },
  {
    it: 'updates a peer of the same operation',
    sets: [[a, a, 'update_only=true']],
    get: peer(ALICE),
  },
]

const allowedIPs: Case[] = [
  {
    it: 'moves an allowed IP to the peer that asks for it last',
    sets: [[a, 'allowed_ip=10.0.0.0/8', 'allowed_ip=11.0.0.0/8', b, 'allowed_ip=10.9.9.9/8']],
    get: [...peer(ALICE, {}, '11.0.0.0/8'), ...peer(BOB, {}, '10.0.0.0/8')],
  },
  {
    it: 'keeps a moved allowed IP when its old owner is removed',
    sets: [
      [
        a,
        'allowed_ip=10.0.0.0/8',
        b,
        'allowed_ip=10.0.0.0/8',
        a,
        'remove=true',
        a,
        'allowed_ip=10.0.0.0/8',
      ],
    ],
    get: [...peer(BOB), ...peer(ALICE, {}, '10.0.0.0/8')],
  },
  {
    it: 'puts an allowed IP that is added again last',
    sets: [[a, 'allowed_ip=10.0.0.0/8', 'allowed_ip=fd00::/8', 'allowed_ip=10.0.0.0/8']],
    get: peer(ALICE, {}, 'fd00::/8', '10.0.0.0/8'),
  },
  {
    it: 'replaces the allowed IPs of one peer',
    sets: [
      [a, 'allowed_ip=10.0.0.0/8', b, 'allowed_ip=::/0'],
      [a, 'replace_allowed_ips=true', 'allowed_ip=11.0.0.0/8'],
    ],
    get: [...peer(ALICE, {}, '11.0.0.0/8'), ...peer(BOB, {}, '::/0')],
  },
  {
    it: 'removes an allowed IP in any spelling',
    sets: [[a, 'allowed_ip=10.0.0.0/8', 'allowed_ip=11.0.0.0/8', 'allowed_ip=-10.1.2.3/8']],
    get: peer(ALICE, {}, '11.0.0.0/8'),
  },
  {
    it: 'keeps the owner of an allowed IP that another peer tried to remove',
    sets: [[a, 'allowed_ip=10.0.0.0/8', b, 'allowed_ip=-10.0.0.0/8', 'allowed_ip=10.0.0.0/8']],
    get: [...peer(ALICE), ...peer(BOB, {}, '10.0.0.0/8')],
  },
  {
    it: 'removes no allowed IP of another peer',
    sets: [[a, 'allowed_ip=10.0.0.0/8', b, 'allowed_ip=-10.0.0.0/8', 'allowed_ip=-12.0.0.0/8']],
    get: [...peer(ALICE, {}, '10.0.0.0/8'), ...peer(BOB)],
  },
]

describe.each([
  ['a device', device],
  ['peers', peers],
  ['allowed IPs', allowedIPs],
])('set on %s', (_, cases) => {
  it.each(cases)('$it', async ({ sets, errno = 0, get }) => {
    const { path } = await startServer()
    let status = ''
    for (const lines of sets) status = await new RawClient(path).set(...lines)
    expect(status).toBe(`errno=${errno}`)
    expect(await new RawClient(path).get()).toEqual(get)
  })
})

describe('set with a bad value', () => {
  it.each([
    'private_key=',
    'private_key=aa',
    `private_key=${'g'.repeat(64)}`,
    `private_key=${ZERO}00`,
    'listen_port=',
    'listen_port=65536',
    'listen_port=-1',
    'listen_port=0x1',
    'listen_port=1 ',
    'fwmark=4294967296',
    'fwmark=0x1',
    'fwmark=+7',
    'fwmark= 7',
    'fwmark=1_0',
    'fwmark=off',
    'FWMARK=7',
    'replace_peers=false',
    'replace_peers=',
    '=',
    'errno=0',
    'public_key=',
    `public_key=${'g'.repeat(64)}`,
    `public_key=${base64Of(ALICE)}`,
  ])('refuses %j on the device', async (line) => {
    const { path } = await startServer()
    expect(await new RawClient(path).set(line)).toBe('errno=-22')
    expect(await new RawClient(path).get()).toEqual([])
  })

  it.each([
    'remove=false',
    'update_only=1',
    'replace_allowed_ips=',
    'persistent_keepalive_interval=65536',
    'persistent_keepalive_interval=off',
    'endpoint=host:5',
    'endpoint=1.2.3.4',
    'allowed_ip=10.0.0.0',
    'allowed_ip=--10.0.0.0/8',
    'allowed_ip=-',
    'preshared_key=',
    'rx_bytes=1',
    'last_handshake_time_sec=1',
  ])('refuses %j on a peer', async (line) => {
    const { path } = await startServer()
    expect(await new RawClient(path).set(a, line)).toBe('errno=-22')
    expect(await new RawClient(path).get()).toEqual(peer(ALICE))
  })
})

describe('listen_port', () => {
  it('picks a port for 0 and reports it', async () => {
    const server = await startServer()
    const client = new RawClient(server.path)
    expect(await client.set('listen_port=0')).toBe('errno=0')
    expect(server.device().listenPort).toBeGreaterThan(1023)
    expect(await client.get()).toEqual([`listen_port=${server.device().listenPort}`])
  })

  it('refuses the port of another server, and then has none', async () => {
    const one = await startServer()
    const two = await startServer()
    const client = new RawClient(two.path)
    await new RawClient(one.path).set('listen_port=51820')
    await client.set('listen_port=51821')
    expect(await client.set('fwmark=1', 'listen_port=51820', 'fwmark=2')).toBe('errno=-98')
    expect(await client.get()).toEqual(['fwmark=1'])
    expect(await new RawClient(one.path).set('listen_port=51821')).toBe('errno=0')
  })

  it('accepts its own port again, and that of a closed server', async () => {
    const one = await startServer()
    const two = await startServer()
    expect(await new RawClient(one.path).set('listen_port=51820', 'listen_port=51820')).toBe(
      'errno=0',
    )
    await one.close()
    expect(await new RawClient(two.path).set('listen_port=51820')).toBe('errno=0')
  })
})

describe('limits', () => {
  it('holds 65536 peers and refuses one more', async () => {
    const server = await startServer()
    const client = new RawClient(server.path)
    const lines = Array.from({ length: 65_536 }, (_, i) => manyKey(i + 1))
    expect(await client.ask(setOf(lines))).toBe('errno=0\n\n')
    expect(await client.set('fwmark=1', manyKey(65_537))).toBe('errno=-22')
    expect(
      await new RawClient(server.path).set(manyKey(1), 'persistent_keepalive_interval=7'),
    ).toBe('errno=0')
    expect(server.device().peers.length).toBe(65_536)
  })

  it('moves 50000 allowed IPs from one peer to another', async () => {
    const server = await startServer()
    const client = new RawClient(server.path)
    const lines = Array.from(
      { length: 50_000 },
      (_, i) => `allowed_ip=10.0.${i >> 8}.${i & 255}/32`,
    )
    await client.ask(setOf([a, ...lines]))
    expect(await client.ask(setOf([b, ...lines]))).toBe('errno=0\n\n')
    expect(server.device().peers.map(({ allowedIPs: { length } }) => length)).toEqual([0, 50_000])
  })
})

describe('allowedIPRemoval: false', () => {
  it('refuses the removal as older daemons do', async () => {
    const { path } = await startServer({ allowedIPRemoval: false })
    const client = new RawClient(path)
    expect(await client.set(a, 'allowed_ip=10.0.0.0/8', 'allowed_ip=-10.0.0.0/8')).toBe('errno=-22')
    expect(await client.get()).toEqual(peer(ALICE, {}, '10.0.0.0/8'))
  })
})
