import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { sampleDevice, samplePeer } from '../../../../test-fixtures/sample.js'
import { runs } from '../../../../test-fixtures/runs.js'
import { type AllowedIPConflict, findConflicts } from '../../src/addresses/conflicts.js'
import { containsAllowedIP } from '../../src/addresses/subtract.js'
import { publicKeyFromBytes } from '../../src/model/key.js'
import { thrown } from '../model/faults.js'

const [A, B, C] = [1, 2, 3].map((byte) => publicKeyFromBytes(new Uint8Array(32).fill(byte)))
const peer = (publicKey = A!, allowedIPs: readonly string[] = [], endpoint?: string) => ({
  publicKey,
  allowedIPs,
  endpoint,
})

describe('findConflicts', () => {
  it('finds nothing where networks only meet', () => {
    const peers = [peer(A, ['10.8.0.0/25', 'fd00::1']), peer(B, ['10.8.0.128/25', 'fd00::2'])]
    expect(findConflicts({ peers })).toEqual([])
    expect(findConflicts({})).toEqual([])
  })

  it('reports an allowed IP that two peers claim, in any spelling', () => {
    const peers = [peer(A, ['10.8.0.9/24']), peer(B, ['10.8.0.0/24'])]
    expect(findConflicts({ peers })).toEqual([
      { kind: 'duplicate', allowedIP: '10.8.0.0/24', peer: A, other: B },
    ])
  })

  it('reports each peer that loses an allowed IP to the next one', () => {
    const peers = [peer(A, ['10.8.0.1']), peer(B, ['10.8.0.1']), peer(C, ['10.8.0.1'])]
    expect(findConflicts({ peers })).toEqual([
      { kind: 'duplicate', allowedIP: '10.8.0.1/32', peer: A, other: B },
      { kind: 'duplicate', allowedIP: '10.8.0.1/32', peer: B, other: C },
    ])
  })

  it('does not report an allowed IP that one peer lists twice', () => {
    expect(findConflicts({ peers: [peer(A, ['10.8.0.1', '10.8.0.1/32'])] })).toEqual([])
  })

  it('reports the smallest network of another peer around an allowed IP', () => {
    const peers = [
      peer(A, ['0.0.0.0/0', '10.0.0.0/8']),
      peer(B, ['10.8.0.0/16']),
      peer(B, ['10.8.0.0/24', '::/0']),
    ]
    expect(findConflicts({ peers })).toEqual([
      { kind: 'overlap', allowedIP: '10.8.0.0/16', peer: B, outer: '10.0.0.0/8', other: A },
      { kind: 'overlap', allowedIP: '10.8.0.0/24', peer: B, outer: '10.0.0.0/8', other: A },
    ])
  })

  it.each([
    ['an address', '192.0.2.1:51820', { host: '192.0.2.1', port: 51820 }],
    ['the first address of the network', '192.0.2.0:1', { host: '192.0.2.0', port: 1 }],
    ['the last address of the network', '192.0.2.255:1', { host: '192.0.2.255', port: 1 }],
  ])('reports an endpoint inside an allowed IP: %s', (_, text, endpoint) => {
    const peers = [peer(A, ['192.0.2.0/24', '0.0.0.0/0'], text)]
    expect(findConflicts({ peers })).toEqual([
      { kind: 'endpoint', allowedIP: '192.0.2.0/24', peer: A, endpoint, other: A },
    ])
  })

  it('reports an IPv6 endpoint with a zone, and one of another peer', () => {
    const peers = [peer(A, ['fe80::/10', '10.0.0.0/8']), peer(B, [], '[fe80::1%eth0]:1')]
    expect(findConflicts({ peers })).toEqual([
      {
        kind: 'endpoint',
        allowedIP: 'fe80::/10',
        peer: A,
        endpoint: { host: 'fe80::1%eth0', port: 1 },
        other: B,
      },
    ])
  })

  it.each([['192.0.3.0:1'], ['192.0.1.255:1'], ['[::1]:1'], ['vpn.example.org:51820']])(
    'does not report an endpoint elsewhere: %s',
    (endpoint) => {
      expect(findConflicts({ peers: [peer(A, ['192.0.2.0/24'], endpoint)] })).toEqual([])
    },
  )

  it('leaves out peers that the configuration removes', () => {
    const peers = [{ ...peer(A, ['10.8.0.1']), remove: true }, peer(B, ['10.8.0.1'])]
    expect(findConflicts({ peers })).toEqual([])
  })

  it('reads a device', () => {
    const peers = [A, B].map((publicKey) =>
      samplePeer({ publicKey: publicKey!, allowedIPs: ['10.8.0.1/32'], endpoint: undefined }),
    )
    expect(findConflicts(sampleDevice({ peers }))).toEqual([
      { kind: 'duplicate', allowedIP: '10.8.0.1/32', peer: A, other: B },
    ])
  })

  describe('with the device as it is now', () => {
    const now = samplePeer({ publicKey: A!, allowedIPs: ['10.8.0.1/32'] })
    const device = sampleDevice({ peers: [now] })

    it('reports an allowed IP that the configuration takes from another peer', () => {
      expect(findConflicts({ peers: [peer(B, ['10.8.0.1'])] }, { device })).toEqual([
        { kind: 'moved', allowedIP: '10.8.0.1/32', peer: B, other: A },
      ])
    })

    it.each([
      ['the peer is removed', { publicKey: A!, remove: true }],
      ['its list is replaced', { publicKey: A!, allowedIPs: [], replaceAllowedIPs: true }],
      ['it is removed from the list', { publicKey: A!, removeAllowedIPs: ['10.8.0.1'] }],
    ])('does not report it when %s', (_, change) => {
      const peers = [peer(B, ['10.8.0.1']), change]
      expect(findConflicts({ peers }, { device })).toEqual([])
    })

    it('does not report it when all peers are replaced', () => {
      const config = { replacePeers: true, peers: [peer(B, ['10.8.0.1'])] }
      expect(findConflicts(config, { device })).toEqual([])
    })
  })

  it('finds what a comparison of all pairs finds', () => {
    const network = fc
      .tuple(fc.constantFrom('10.0.0.', 'fd00::'), fc.nat(31), fc.nat(6))
      .map(([start, host, bits]) => `${start}${host}/${(start === 'fd00::' ? 128 : 32) - bits}`)
    const peers = fc.array(
      fc.tuple(fc.constantFrom(A!, B!, C!), fc.array(network, { maxLength: 4 })),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(peers, (given) => {
        const found = findConflicts({ peers: given.map(([key, list]) => peer(key, list)) })
        expect(new Set(found.map(overlapOf))).toEqual(new Set(overlaps(given)))
      }),
      runs(300),
    )
  })

  it('compares 100,000 allowed IPs', () => {
    const allowedIPs = Array.from(
      { length: 100_000 },
      (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`,
    )
    const peers = [peer(A, allowedIPs), peer(B, ['0.0.0.0/0'])]
    expect(findConflicts({ peers })).toHaveLength(100_000)
  })

  it.each([
    ['peers[1].allowedIPs[1]', [peer(A), peer(B, ['10.0.0.1', 'x'])]],
    ['peers[0].endpoint', [peer(A, [], '192.0.2.1:70000')]],
  ])('names what is invalid: %s', (path, peers) => {
    expect(thrown(() => findConflicts({ peers }))).toMatchObject({ code: 'EINVAL', path })
  })
})

type Claims = readonly [peer: string, allowedIPs: readonly string[]][]

function overlapOf(conflict: AllowedIPConflict): string {
  return conflict.kind === 'overlap' ? `${conflict.allowedIP} of ${conflict.peer}` : ''
}

/** Which allowed IPs are inside another one of another peer, when the last of equal ones counts. */
function overlaps(claims: Claims): string[] {
  const owners = new Map<string, string>()
  let duplicates = false
  for (const [key, list] of claims) {
    for (const text of list) {
      const equal = [...owners.keys()].find(
        (other) => containsAllowedIP(other, text) && containsAllowedIP(text, other),
      )
      if (equal === undefined) owners.set(canonical(text), key)
      else {
        duplicates ||= owners.get(equal) !== key
        owners.set(equal, key)
      }
    }
  }
  const inner = [...owners].filter(([one, key]) =>
    [...owners].some(
      ([other, owner]) => owner !== key && other !== one && containsAllowedIP(other, one),
    ),
  )
  return [...inner.map(([one, key]) => `${one} of ${key}`), ...(duplicates ? [''] : [])]
}

function canonical(text: string): string {
  return findConflicts({ peers: [peer(A, [text]), peer(B, [text])] })[0]!.allowedIP
}
