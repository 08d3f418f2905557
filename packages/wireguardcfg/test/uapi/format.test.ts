import { describe, expect, it } from '@jest/globals'
import type { CheckedDeviceConfig, CheckedPeerConfig } from '../../src/model/config.js'
import { SecretKey } from '../../src/model/key.js'
import { formatRemovalProbe, formatSet, GET_REQUEST } from '../../src/uapi/format.js'
import {
  base64Of,
  OTHER_PEER_HEX,
  PEER_HEX,
  PRESHARED_HEX,
  PRIVATE_HEX,
} from '../support/replies.js'

const publicKey = base64Of(PEER_HEX)
const endpoint = { host: '2001:db8::1', port: 51_820 }

function format(config: CheckedDeviceConfig, pieceLength?: number): string {
  return [...formatSet(config, { pieceLength })].join('')
}

describe('formatSet', () => {
  it.each<[string, Partial<CheckedDeviceConfig>, Partial<CheckedPeerConfig>]>([
    ['every peer is replaced', { replacePeers: true }, {}],
    ['its allowed ips are replaced', {}, { replaceAllowedIPs: true }],
    ['it is removed', {}, { remove: true }],
  ])('removes nothing from a peer when %s', (_, device, peer) => {
    const removeAllowedIPs = ['10.0.0.2/32']
    const text = format({ ...device, peers: [{ publicKey, removeAllowedIPs, ...peer }] })
    expect(text).not.toContain('=-')
  })

  it('writes every field, each line before those that need it', () => {
    const text = format({
      replacePeers: true,
      firewallMark: 0xffff_ffff,
      listenPort: 51_820,
      privateKey: SecretKey.parse(PRIVATE_HEX),
      peers: [
        {
          removeAllowedIPs: ['10.0.0.2/32'],
          allowedIPs: ['10.0.0.1/32', 'fd00::/64'],
          replaceAllowedIPs: true,
          persistentKeepalive: 25,
          endpoint,
          presharedKey: SecretKey.parse(PRESHARED_HEX),
          updateOnly: true,
          publicKey,
        },
        { publicKey: base64Of(OTHER_PEER_HEX) },
      ],
    })
    expect(text.split('\n')).toStrictEqual([
      'set=1',
      `private_key=${PRIVATE_HEX}`,
      'listen_port=51820',
      'fwmark=4294967295',
      'replace_peers=true',
      `public_key=${PEER_HEX}`,
      'update_only=true',
      `preshared_key=${PRESHARED_HEX}`,
      'endpoint=[2001:db8::1]:51820',
      'persistent_keepalive_interval=25',
      'replace_allowed_ips=true',
      'allowed_ip=10.0.0.1/32',
      'allowed_ip=fd00::/64',
      `public_key=${OTHER_PEER_HEX}`,
      '',
      '',
    ])
  })

  it.each<[string, CheckedDeviceConfig, string[]]>([
    ['nothing', {}, []],
    ['no peers', { peers: [] }, []],
    [
      'undefined everywhere',
      { privateKey: undefined, listenPort: undefined, firewallMark: undefined, peers: undefined },
      [],
    ],
    ['false', { replacePeers: false }, []],
    ['zeros', { listenPort: 0, firewallMark: 0 }, ['listen_port=0', 'fwmark=0']],
    ['no private key', { privateKey: null }, [`private_key=${'0'.repeat(64)}`]],
    [
      'no preshared key',
      { peers: [{ publicKey, presharedKey: null }] },
      [`public_key=${PEER_HEX}`, `preshared_key=${'0'.repeat(64)}`],
    ],
    [
      'no keepalive',
      { peers: [{ publicKey, persistentKeepalive: 0 }] },
      [`public_key=${PEER_HEX}`, 'persistent_keepalive_interval=0'],
    ],
    [
      'false of a peer',
      { peers: [{ publicKey, remove: false, updateOnly: false, replaceAllowedIPs: false }] },
      [`public_key=${PEER_HEX}`],
    ],
    [
      'a removal, which takes no other field',
      {
        peers: [
          {
            publicKey,
            remove: true,
            updateOnly: true,
            replaceAllowedIPs: true,
            endpoint,
            persistentKeepalive: 5,
            presharedKey: null,
            allowedIPs: ['10.0.0.1/32'],
            removeAllowedIPs: ['10.0.0.2/32'],
          },
        ],
      },
      [`public_key=${PEER_HEX}`, 'update_only=true', 'remove=true'],
    ],
    [
      'a zone',
      { peers: [{ publicKey, endpoint: { host: 'fe80::1%eth0', port: 1 } }] },
      [`public_key=${PEER_HEX}`, 'endpoint=[fe80::1%eth0]:1'],
    ],
  ])('writes the given fields: %s', (_, config, lines) => {
    expect(format(config)).toBe(['set=1', ...lines, '', ''].join('\n'))
  })

  it('sends a private key clamped, and a preshared key as it is', () => {
    const key = SecretKey.parse(new Uint8Array(32).fill(255))
    expect(format({ privateKey: key, peers: [{ publicKey, presharedKey: key }] })).toContain(
      `private_key=f8${'ff'.repeat(30)}7f\npublic_key=${PEER_HEX}\npreshared_key=${'ff'.repeat(32)}`,
    )
  })

  const large: CheckedDeviceConfig = {
    peers: [
      {
        publicKey,
        allowedIPs: Array.from({ length: 50_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}/32`),
        removeAllowedIPs: Array.from({ length: 500 }, (_, i) => `10.1.0.${i}/32`),
      },
      ...Array.from({ length: 500 }, () => ({ publicKey, remove: true })),
    ],
  }

  it.each([1, 7, 100, 4096, 32_768])('is the same text in pieces of %d', (pieceLength) => {
    const pieces = [...formatSet(large, { pieceLength })]
    expect(pieces.join('')).toBe(format(large, Number.POSITIVE_INFINITY))
    // One line or one peer's head more, and the blank line. Not one expect a piece: there are
    // 50,000.
    expect(pieces.filter((piece) => piece.length >= pieceLength + 400)).toStrictEqual([])
    expect(pieces.filter((piece) => !piece.endsWith('\n'))).toStrictEqual([])
    expect(pieces.slice(0, -1).filter((piece) => piece.length < pieceLength)).toStrictEqual([])
  })

  it('holds no more than a piece of a peer with 50,000 allowed IPs', () => {
    let longest = 0
    let pieces = 0
    for (const piece of formatSet(large)) {
      longest = Math.max(longest, piece.length)
      pieces++
    }
    expect(longest).toBeLessThan(33_500)
    expect(pieces).toBeGreaterThan(30)
  })

  it('keeps a peer that is added and removed at once in one piece', () => {
    const allowedIPs = Array.from({ length: 300 }, (_, i) => `10.0.${i >> 8}.${i & 255}/32`)
    const move = [
      { publicKey, allowedIPs },
      { publicKey, remove: true },
    ]
    const pieces = [...formatSet({ peers: [...move, ...move] }, { pieceLength: 1 })]
    const counts = pieces.map((piece) => [
      piece.split('allowed_ip').length - 1,
      piece.split('remove').length - 1,
    ])
    expect(counts.filter(([added]) => added !== 0)).toStrictEqual([
      [300, 1],
      [300, 1],
    ])
  })

  it('makes a piece only on request', () => {
    let read = 0
    const peers = Array.from({ length: 1000 }, () => ({
      get publicKey() {
        read++
        return publicKey
      },
    }))
    const pieces = formatSet({ peers }, { pieceLength: 1000 })
    expect(pieces.next().done).toBe(false)
    expect(read).toBeLessThan(50)
  })
})

describe('the fixed requests', () => {
  it('read a device', () => {
    expect(GET_REQUEST).toBe('get=1\n\n')
  })

  it('ask whether single allowed IPs can be removed, from a peer that must not be created', () => {
    expect(formatRemovalProbe(publicKey)).toBe(
      `set=1\npublic_key=${PEER_HEX}\nupdate_only=true\nallowed_ip=-0.0.0.0/32\n\n`,
    )
  })
})
