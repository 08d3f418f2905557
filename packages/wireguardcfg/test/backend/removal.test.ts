import { describe, expect, it } from '@jest/globals'
import { sampleDevice, samplePeer } from '../../../../test-fixtures/sample.js'
import {
  isMove,
  moveToTemporaryPeer,
  removesAllowedIPs,
  removesSome,
} from '../../src/backend/removal.js'
import type { CheckedDeviceConfig, CheckedPeerConfig } from '../../src/model/config.js'
import type { Device } from '../../src/model/device.js'
import { SecretKey } from '../../src/model/key.js'

const [A, B, C] = Array.from({ length: 3 }, () => SecretKey.generatePrivate().publicKey()) as [
  string,
  string,
  string,
]

function device(owned: Record<string, readonly string[]>): Device {
  const peers = Object.entries(owned).map(([publicKey, allowedIPs]) =>
    samplePeer({ publicKey, allowedIPs }),
  )
  return sampleDevice({ peers })
}

/**
 * Applies a configuration as a device does, reduced to peers and allowed IPs. Entries take effect
 * in order, and an allowed IP belongs to the peer that got it last.
 */
function apply(before: Device, config: CheckedDeviceConfig): Map<string, Set<string>> {
  const peers = new Map(before.peers.map((peer) => [peer.publicKey, new Set(peer.allowedIPs)]))
  if (config.replacePeers === true) peers.clear()
  for (const peer of config.peers ?? []) applyPeer(peers, peer)
  return peers
}

function applyPeer(peers: Map<string, Set<string>>, peer: CheckedPeerConfig): void {
  if (peer.remove === true) {
    peers.delete(peer.publicKey)
    return
  }
  if (peer.updateOnly === true && !peers.has(peer.publicKey)) return
  const own = peers.get(peer.publicKey) ?? new Set()
  peers.set(peer.publicKey, own)
  if (peer.replaceAllowedIPs === true) own.clear()
  for (const allowedIP of peer.removeAllowedIPs ?? []) own.delete(allowedIP)
  for (const allowedIP of peer.allowedIPs ?? []) {
    for (const other of peers.values()) other.delete(allowedIP)
    own.add(allowedIP)
  }
}

const BEFORE = device({ [A]: ['10.0.1.0/24', '10.0.2.0/24', '::1/128'], [B]: ['10.0.3.0/24'] })

const CASES: [name: string, config: CheckedDeviceConfig, moved: readonly string[]][] = [
  ['nothing', {}, []],
  ['no removal', { peers: [{ publicKey: A, allowedIPs: ['10.9.0.0/16'] }] }, []],
  ['an empty removal', { peers: [{ publicKey: A, removeAllowedIPs: [] }] }, []],
  [
    'one allowed IP',
    { peers: [{ publicKey: A, removeAllowedIPs: ['10.0.1.0/24'] }] },
    ['10.0.1.0/24'],
  ],
  [
    'all allowed IPs',
    { peers: [{ publicKey: A, removeAllowedIPs: ['10.0.1.0/24', '10.0.2.0/24', '::1/128'] }] },
    ['10.0.1.0/24', '10.0.2.0/24', '::1/128'],
  ],
  [
    'an allowed IP twice',
    { peers: [{ publicKey: A, removeAllowedIPs: ['::1/128', '::1/128'] }] },
    ['::1/128'],
  ],
  [
    'an allowed IP that no peer has',
    { peers: [{ publicKey: A, removeAllowedIPs: ['10.8.0.0/24'] }] },
    [],
  ],
  [
    'an allowed IP that another peer has',
    { peers: [{ publicKey: A, removeAllowedIPs: ['10.0.3.0/24', '10.0.1.0/24'] }] },
    ['10.0.1.0/24'],
  ],
  [
    'a wider allowed IP than it has',
    { peers: [{ publicKey: A, removeAllowedIPs: ['10.0.0.0/16'] }] },
    [],
  ],
  [
    'allowed IPs of an unknown peer',
    { peers: [{ publicKey: C, removeAllowedIPs: ['10.0.1.0/24'] }] },
    [],
  ],
  [
    'allowed IPs of an unknown peer that is only updated',
    { peers: [{ publicKey: C, updateOnly: true, removeAllowedIPs: ['10.0.1.0/24'] }] },
    [],
  ],
  [
    'allowed IPs of a known peer that is only updated',
    { peers: [{ publicKey: A, updateOnly: true, removeAllowedIPs: ['10.0.1.0/24'] }] },
    ['10.0.1.0/24'],
  ],
  [
    'allowed IPs of a peer that is removed',
    { peers: [{ publicKey: A, remove: true, removeAllowedIPs: ['10.0.1.0/24'] }] },
    [],
  ],
  [
    'allowed IPs of a peer whose list is replaced',
    {
      peers: [
        {
          publicKey: A,
          replaceAllowedIPs: true,
          allowedIPs: ['10.0.2.0/24'],
          removeAllowedIPs: ['10.0.1.0/24'],
        },
      ],
    },
    [],
  ],
  [
    'allowed IPs while all peers are replaced',
    { replacePeers: true, peers: [{ publicKey: A, removeAllowedIPs: ['10.0.1.0/24'] }] },
    [],
  ],
  [
    'allowed IPs of two peers',
    {
      peers: [
        { publicKey: B, removeAllowedIPs: ['10.0.3.0/24'] },
        { publicKey: A, removeAllowedIPs: ['::1/128'], allowedIPs: ['10.7.0.0/16'] },
      ],
    },
    ['10.0.3.0/24', '::1/128'],
  ],
  [
    'an allowed IP that a later entry gives to another peer',
    {
      peers: [
        { publicKey: A, removeAllowedIPs: ['10.0.1.0/24'] },
        { publicKey: B, allowedIPs: ['10.0.1.0/24'] },
      ],
    },
    [],
  ],
  [
    'an allowed IP that an entry without effect gives to another peer',
    {
      peers: [
        { publicKey: A, removeAllowedIPs: ['10.0.1.0/24'] },
        { publicKey: C, updateOnly: true, allowedIPs: ['10.0.1.0/24'] },
      ],
    },
    ['10.0.1.0/24'],
  ],
  [
    'an allowed IP that an earlier entry moved away',
    {
      peers: [
        { publicKey: B, allowedIPs: ['10.0.1.0/24'] },
        { publicKey: A, removeAllowedIPs: ['10.0.1.0/24'] },
      ],
    },
    [],
  ],
]

describe('moveToTemporaryPeer removes', () => {
  it.each(CASES)('%s', (_, config, moved) => {
    const result = moveToTemporaryPeer(config, BEFORE)
    const entries = result.config.peers ?? []
    if (moved.length === 0) expect(result.temporaryPeer).toBeUndefined()
    else {
      expect(result.temporaryPeer).toBeDefined()
      // A temporary peer comes last. It takes the allowed IPs and is removed.
      expect(entries.slice(-2)).toEqual([
        { publicKey: result.temporaryPeer, allowedIPs: moved },
        { publicKey: result.temporaryPeer, remove: true },
      ])
    }
    const rest = moved.length === 0 ? entries : entries.slice(0, -2)
    expect(rest).toEqual(
      (config.peers ?? []).map(({ removeAllowedIPs: _removed, ...peer }) => peer),
    )
    expect(entries.some((peer) => 'removeAllowedIPs' in peer)).toBe(false)
    expect(apply(BEFORE, result.config)).toEqual(apply(BEFORE, config))
  })

  it('some hundred at a time, so that a program that ends between two of them leaves no peer', () => {
    const ranges = Array.from({ length: 5000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`)
    const before = device({ [A]: ranges })
    const config = { peers: [{ publicKey: A, removeAllowedIPs: ranges.slice(3) }] }
    const { config: move, temporaryPeer, entries } = moveToTemporaryPeer(config, before)
    const peers = move.peers ?? []
    expect(peers.slice(0, -entries)).toEqual([{ publicKey: A }])
    for (let i = 1; i < entries + 1; i += 2) {
      expect(peers[i]).toMatchObject({ publicKey: temporaryPeer })
      expect(peers[i]?.allowedIPs?.length).toBeLessThanOrEqual(400)
      expect(isMove(peers, i)).toBe(true)
      const part = apply(before, { ...move, peers: peers.slice(0, i + 2) })
      expect([...part.keys()]).toEqual([A])
    }
    expect(apply(before, move)).toEqual(new Map([[A, new Set(ranges.slice(0, 3))]]))
  })

  it('with a peer that is new each time', () => {
    const config = { peers: [{ publicKey: A, removeAllowedIPs: ['::1/128'] }] }
    const peers = Array.from({ length: 4 }, () => moveToTemporaryPeer(config, BEFORE).temporaryPeer)
    expect(new Set(peers).size).toBe(4)
  })

  it('and leaves the rest of the configuration as it is', () => {
    const privateKey = SecretKey.generatePrivate()
    const config = Object.freeze({
      privateKey,
      listenPort: 5,
      firewallMark: 6,
      peers: Object.freeze([
        Object.freeze({
          publicKey: A,
          presharedKey: null,
          removeAllowedIPs: Object.freeze(['::1/128']),
        }),
      ]),
    })
    const result = moveToTemporaryPeer(config, BEFORE)
    expect(result.config).toMatchObject({ privateKey, listenPort: 5, firewallMark: 6 })
    expect(result.config.peers).toHaveLength(3)
    expect(config.peers).toEqual([
      { publicKey: A, presharedKey: null, removeAllowedIPs: ['::1/128'] },
    ])
  })

  it('more allowed IPs than the stack has room for', () => {
    const allowedIPs = Array.from(
      { length: 300_000 },
      (_, i) => `fd00::${(i >> 16).toString(16)}:${(i & 65535).toString(16)}/128`,
    )
    const result = moveToTemporaryPeer(
      { peers: [{ publicKey: A, removeAllowedIPs: allowedIPs }] },
      device({ [A]: allowedIPs }),
    )
    const moved = result.config.peers!.flatMap((peer) => peer.allowedIPs ?? [])
    expect(moved).toHaveLength(allowedIPs.length)
  })
})

describe('moveToTemporaryPeer', () => {
  it('leaves no address without a peer while a range takes the place of another', () => {
    const before = device({ [A]: ['10.0.0.0/8', 'fd00::/64'], [B]: ['10.9.0.0/16'] })
    const wider = { publicKey: A, allowedIPs: ['0.0.0.0/0'], removeAllowedIPs: ['10.0.0.0/8'] }
    const { config } = moveToTemporaryPeer({ peers: [wider] }, before)
    const peers = config.peers ?? []
    for (let i = 0; i <= peers.length; i++) {
      // The entries that add a temporary peer and remove it are one.
      if (peers[i]?.remove === true) continue
      const own = apply(before, { peers: peers.slice(0, i) }).get(A)!
      expect(own.has('0.0.0.0/0') || own.has('10.0.0.0/8')).toBe(true)
    }
  })
})

describe('removesAllowedIPs', () => {
  it.each(CASES.filter(([, , moved]) => moved.length > 0))(
    'is true where allowed IPs are moved: %s',
    (_, config) => {
      expect(removesAllowedIPs(config)).toBe(true)
    },
  )

  it.each<[string, CheckedDeviceConfig, boolean]>([
    ['nothing', {}, false],
    ['no peers', { peers: [] }, false],
    ['an empty removal', { peers: [{ publicKey: A, removeAllowedIPs: [] }] }, false],
    [
      'one removal among others',
      { peers: [{ publicKey: B }, { publicKey: A, removeAllowedIPs: ['::/0'] }] },
      true,
    ],
    [
      'flags that are false',
      {
        replacePeers: false,
        peers: [
          { publicKey: A, remove: false, replaceAllowedIPs: false, removeAllowedIPs: ['::/0'] },
        ],
      },
      true,
    ],
    [
      'all peers replaced',
      { replacePeers: true, peers: [{ publicKey: A, removeAllowedIPs: ['::/0'] }] },
      false,
    ],
    [
      'a removed peer',
      { peers: [{ publicKey: A, remove: true, removeAllowedIPs: ['::/0'] }] },
      false,
    ],
    [
      'a replaced list',
      { peers: [{ publicKey: A, replaceAllowedIPs: true, removeAllowedIPs: ['::/0'] }] },
      false,
    ],
  ])('%s', (_, config, expected) => {
    expect(removesAllowedIPs(config)).toBe(expected)
    if (config.replacePeers !== true) expect((config.peers ?? []).some(removesSome)).toBe(expected)
  })
})
