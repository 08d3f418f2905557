import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { SecretKey } from 'wireguardcfg'
import { runs } from '../../../../../test-fixtures/runs.js'
import { AttributeWriter } from '../../../src/netlink/attribute-writer.js'
import { MalformedMessageError } from '../../../src/netlink/malformed.js'
import { encodeMessage, MessageReader } from '../../../src/netlink/message.js'
import * as wg from '../../../src/wireguard/constants.js'
import { decodeDevice, type DevicePart } from '../../../src/wireguard/dump/decode.js'
import { encodeSockaddr } from '../../../src/wireguard/structs.js'
import { timespec } from '../../../../../test-fixtures/fakes/wireguard.js'
import { publicKeyOf, samplePeer } from '../../../../../test-fixtures/sample.js'
import { zones } from '../../support/zones.js'

type Write = (writer: AttributeWriter) => void

const KEY = new Uint8Array(32).fill(0x11)
/** A peer of nothing but that key. */
const BARE = samplePeer({ publicKey: 'ERERERERERERERERERERERERERERERERERERERERERE=' })

function decode(write: Write): DevicePart {
  const writer = new AttributeWriter().raw(Uint8Array.of(0, 1, 0, 0))
  write(writer)
  return decodePayload(writer.bytes())
}

function decodePayload(payload: Uint8Array): DevicePart {
  const message = new MessageReader(encodeMessage({ type: 23, flags: 2, sequence: 1 }, payload))
  message.next()
  return decodeDevice(message, zones)
}

/** A device of one peer with a public key and these attributes. */
function decodePeer(write: Write) {
  const { peers } = decode((writer) =>
    writer.nested(wg.WGDEVICE_A_PEERS, () =>
      writer.nested(0, () => {
        writer.blob(wg.WGPEER_A_PUBLIC_KEY, KEY)
        write(writer)
      }),
    ),
  )
  return peers[0]!
}

function writeAllowedIP(family: number, address: Iterable<number>, cidr: number): Write {
  return (writer) =>
    writer.nested(wg.WGPEER_A_ALLOWEDIPS, () =>
      writer.nested(0, () =>
        writer
          .u16(wg.WGALLOWEDIP_A_FAMILY, family)
          .blob(wg.WGALLOWEDIP_A_IPADDR, Uint8Array.from(address))
          .u8(wg.WGALLOWEDIP_A_CIDR_MASK, cidr),
      ),
    )
}

const shuffled = <T>(list: T[]) =>
  fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length })

describe('decodeDevice', () => {
  it('reads a message without anything', () => {
    expect(decode(() => {})).toEqual({ attributes: {}, peers: [] })
  })

  it('skips unknown attributes at every level', () => {
    const peer = decodePeer((writer) => {
      writer
        .flag(0)
        .u32(77, 1)
        .nested(wg.WGPEER_A_ALLOWEDIPS, () => {
          writer.nested(0, () =>
            writer
              .flag(0)
              .u64(99, 5)
              .u16(wg.WGALLOWEDIP_A_FAMILY, wg.AF_INET)
              .blob(wg.WGALLOWEDIP_A_IPADDR, Uint8Array.of(10, 0, 0, 0))
              .u8(wg.WGALLOWEDIP_A_CIDR_MASK, 8),
          )
        })
    })
    expect(peer.allowedIPs).toEqual(['10.0.0.0/8'])
    expect(decode((writer) => writer.u32(55, 1).flag(0)).attributes).toEqual({})
  })

  it('reads a peer with only a key, like a continuation', () => {
    expect(decodePeer(() => {})).toEqual(BARE)
  })

  it('reads every field of a peer', () => {
    const psk = new Uint8Array(32).fill(9)
    const peer = decodePeer((writer) =>
      writer
        .u64(wg.WGPEER_A_TX_BYTES, 2 ** 53 - 1)
        .u64(wg.WGPEER_A_RX_BYTES, 2 ** 40 + 1)
        .blob(wg.WGPEER_A_PRESHARED_KEY, psk)
        .blob(wg.WGPEER_A_LAST_HANDSHAKE_TIME, timespec(1_700_000_000n, 5_000_000n))
        .u16(wg.WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, 65535)
        .u32(wg.WGPEER_A_PROTOCOL_VERSION, 2)
        .blob(wg.WGPEER_A_ENDPOINT, encodeSockaddr({ host: 'fe80::1%eth0', port: 7 }, zones)),
    )
    expect(peer).toEqual({
      publicKey: BARE.publicKey,
      presharedKey: SecretKey.parse(psk),
      endpoint: { host: 'fe80::1%eth0', port: 7 },
      persistentKeepalive: 65535,
      lastHandshake: new Date(1_700_000_000_005),
      receiveBytes: 2 ** 40 + 1,
      transmitBytes: 2 ** 53 - 1,
      allowedIPs: [],
      protocolVersion: 2,
    })
  })

  it('treats a preshared key of zeros as unset, and keeps those of several peers apart', () => {
    const keys = [0, 1, 0, 2].map((byte) => new Uint8Array(32).fill(byte))
    const { peers } = decode((writer) =>
      writer.nested(wg.WGDEVICE_A_PEERS, () => {
        for (const [i, psk] of keys.entries()) {
          writer.nested(0, () =>
            writer
              .blob(wg.WGPEER_A_PUBLIC_KEY, new Uint8Array(32).fill(i))
              .blob(wg.WGPEER_A_PRESHARED_KEY, psk),
          )
        }
      }),
    )
    expect(peers.map(({ presharedKey }) => presharedKey?.bytes()[0])).toEqual([
      undefined,
      1,
      undefined,
      2,
    ])
  })

  it('reads a peer with its attributes in any order, and only those of its own entry', () => {
    const attributes: Write[] = [
      (writer) => writer.blob(wg.WGPEER_A_PUBLIC_KEY, KEY),
      (writer) => writer.blob(wg.WGPEER_A_PRESHARED_KEY, KEY),
      (writer) => writer.blob(wg.WGPEER_A_LAST_HANDSHAKE_TIME, timespec(1_700_000_000n, 5n)),
      (writer) => writer.u16(wg.WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, 25),
      (writer) => writer.u64(wg.WGPEER_A_TX_BYTES, 2 ** 40),
      (writer) => writer.u64(wg.WGPEER_A_RX_BYTES, 7),
      (writer) => writer.u32(wg.WGPEER_A_PROTOCOL_VERSION, 1),
    ]
    const entry: Write[] = [
      (writer) => writer.u8(wg.WGALLOWEDIP_A_CIDR_MASK, 24),
      (writer) => writer.u16(wg.WGALLOWEDIP_A_FAMILY, wg.AF_INET),
      (writer) => writer.blob(wg.WGALLOWEDIP_A_IPADDR, Uint8Array.of(10, 7, 0, 0)),
    ]
    const endpoint = encodeSockaddr({ host: '192.0.2.1', port: 51820 }, zones)
    const writePeer = (writer: AttributeWriter, steps: readonly Write[], rest: readonly Write[]) =>
      writer.nested(0, () => {
        for (const write of steps) write(writer)
        if (rest.length === 0) return
        writer.blob(wg.WGPEER_A_ENDPOINT, endpoint)
        writer.nested(wg.WGPEER_A_ALLOWEDIPS, () =>
          writer.nested(0, () => {
            for (const write of rest) write(writer)
          }),
        )
      })
    const expected = {
      endpoint: { host: '192.0.2.1', port: 51820 },
      lastHandshake: new Date(1_700_000_000_000),
      persistentKeepalive: 25,
      receiveBytes: 7,
      transmitBytes: 2 ** 40,
      allowedIPs: ['10.7.0.0/24'],
      protocolVersion: 1,
    }
    fc.assert(
      fc.property(shuffled(attributes), shuffled(entry), (steps, rest) => {
        // The usual order comes first and last: neither leaves anything to the other, in this list
        // or the next.
        const { peers } = decode((writer) =>
          writer.nested(wg.WGDEVICE_A_PEERS, () => {
            writePeer(writer, attributes, entry)
            writePeer(writer, steps, rest)
            writePeer(writer, attributes, [])
          }),
        )
        expect(peers[0]).toMatchObject(expected)
        expect(peers[1]).toMatchObject(expected)
        expect(peers[1]!.presharedKey!.bytes()).toEqual(KEY)
        expect(peers[2]).toMatchObject({ ...expected, endpoint: undefined, allowedIPs: [] })
        const { peers: bare } = decode((writer) =>
          writer.nested(wg.WGDEVICE_A_PEERS, () => {
            writePeer(writer, attributes.slice(0, 1), [])
          }),
        )
        expect(bare).toEqual([BARE])
      }),
      runs(100),
    )
  })

  it('shares no memory with the datagram', () => {
    const writer = new AttributeWriter().raw(Uint8Array.of(0, 1, 0, 0))
    writer.string(wg.WGDEVICE_A_IFNAME, 'wg0').blob(wg.WGDEVICE_A_PRIVATE_KEY, KEY)
    writer.nested(wg.WGDEVICE_A_PEERS, () =>
      writer.nested(0, () =>
        writer.blob(wg.WGPEER_A_PUBLIC_KEY, KEY).blob(wg.WGPEER_A_PRESHARED_KEY, KEY),
      ),
    )
    const datagram = encodeMessage({ type: 23, flags: 2, sequence: 1 }, writer.bytes())
    const message = new MessageReader(datagram)
    message.next()
    const { attributes, peers } = decodeDevice(message, zones)
    datagram.fill(0xee)
    expect(attributes.privateKey?.bytes()).toEqual(KEY)
    expect(peers[0]!.presharedKey?.bytes()).toEqual(KEY)
    expect(peers[0]!.publicKey).toBe('ERERERERERERERERERERERERERERERERERERERERERE=')
  })

  it('ignores an endpoint of another family, and uses the last of two', () => {
    const unix = new Uint8Array(28).fill(1, 0, 1)
    const known = encodeSockaddr({ host: '192.0.2.1', port: 1 }, zones)
    expect(decodePeer((w) => w.blob(wg.WGPEER_A_ENDPOINT, unix)).endpoint).toBeUndefined()
    expect(
      decodePeer((w) => w.blob(wg.WGPEER_A_ENDPOINT, known).blob(wg.WGPEER_A_ENDPOINT, unix))
        .endpoint,
    ).toBeUndefined()
    expect(
      decodePeer((w) => w.blob(wg.WGPEER_A_ENDPOINT, unix).blob(wg.WGPEER_A_ENDPOINT, known))
        .endpoint,
    ).toEqual({ host: '192.0.2.1', port: 1 })
  })

  it('reads nests of no length: no peers, no allowed IPs', () => {
    expect(decode((w) => w.nested(wg.WGDEVICE_A_PEERS, () => {})).peers).toEqual([])
    expect(decodePeer((w) => w.nested(wg.WGPEER_A_ALLOWEDIPS, () => {})).allowedIPs).toEqual([])
  })

  it.each<[string, Write]>([
    ['a peer entry of no length', (w) => w.nested(8, () => w.nested(0, () => {}))],
    ['a peer without a key', (w) => w.nested(8, () => w.nested(0, () => w.u16(5, 25)))],
    ['a short public key', (w) => w.nested(8, () => w.nested(0, () => w.blob(1, KEY.subarray(1))))],
    ['a short private key', (w) => w.blob(3, KEY.subarray(1))],
    ['a short port', (w) => w.u8(6, 1)],
    ['an empty mark', (w) => w.flag(7)],
    ['an empty name', (w) => w.flag(2)],
  ])('refuses %s', (_, write) => {
    expect(() => decode(write)).toThrow(MalformedMessageError)
  })

  it.each<[string, Write]>([
    ['a short preshared key', (w) => w.blob(wg.WGPEER_A_PRESHARED_KEY, KEY.subarray(1))],
    ['an endpoint of 15 bytes', (w) => w.blob(wg.WGPEER_A_ENDPOINT, KEY.subarray(17))],
    [
      'an IPv6 endpoint of 27 bytes',
      (w) => w.blob(4, encodeSockaddr({ host: '::1', port: 1 }, zones).subarray(0, 27)),
    ],
    ['a short handshake time', (w) => w.blob(wg.WGPEER_A_LAST_HANDSHAKE_TIME, KEY.subarray(17))],
    ['counters of four bytes', (w) => w.u32(wg.WGPEER_A_RX_BYTES, 1)],
    ['a prefix length of 33', writeAllowedIP(wg.AF_INET, [10, 0, 0, 0], 33)],
    ['a prefix length of 129', writeAllowedIP(wg.AF_INET6, new Uint8Array(16), 129)],
    ['an IPv4 address of 16 bytes', writeAllowedIP(wg.AF_INET, new Uint8Array(16), 8)],
    ['an IPv6 address of 4 bytes', writeAllowedIP(wg.AF_INET6, [10, 0, 0, 0], 8)],
    ['an address of no family', writeAllowedIP(0, [10, 0, 0, 0], 8)],
    [
      'an allowed IP of no length',
      (w) => w.nested(wg.WGPEER_A_ALLOWEDIPS, () => w.nested(0, () => {})),
    ],
  ])('refuses a peer with %s', (_, write) => {
    expect(() => decodePeer(write)).toThrow(MalformedMessageError)
  })

  it.each([0, 1, 2, 3])('refuses an attribute of length %i', (length) => {
    const payload = Uint8Array.of(0, 1, 0, 0, length, 0, 6, 0)
    expect(() => decodePayload(payload)).toThrow(MalformedMessageError)
  })

  it('refuses an attribute that is longer than the message', () => {
    expect(() => decodePayload(Uint8Array.of(0, 1, 0, 0, 9, 0, 6, 0, 1, 2, 3, 4))).toThrow(
      MalformedMessageError,
    )
  })

  it('throws only malformed-message errors, for any bytes', () => {
    fc.assert(
      fc.property(fuzzedPayload, (payload) => {
        try {
          decodePayload(payload)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessageError)
        }
      }),
      runs(3000),
    )
  })

  it('grows with the message: as many allowed IPs and peers as fit into 64 KiB', () => {
    const { peers } = decode((writer) =>
      writer.nested(wg.WGDEVICE_A_PEERS, () => {
        for (let i = 0; i < 1600; i++) {
          writer.nested(0, () => writer.blob(wg.WGPEER_A_PUBLIC_KEY, new Uint8Array(32).fill(i)))
        }
      }),
    )
    expect(peers).toHaveLength(1600)
    const full = decodePeer((writer) =>
      writer.nested(wg.WGPEER_A_ALLOWEDIPS, () => {
        for (let i = 0; i < 1600; i++) {
          const address = new Uint8Array(16).fill(0xff)
          writer.nested(0, () =>
            writer.u16(1, wg.AF_INET6).blob(2, address).u8(wg.WGALLOWEDIP_A_CIDR_MASK, 128),
          )
        }
      }),
    )
    expect(new Set(full.allowedIPs)).toEqual(
      new Set(['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128']),
    )
    expect(full.publicKey).not.toBe(publicKeyOf(1))
  })
})

// Attributes in their right places, now and then of a wrong type or length, so that the fuzz gets
// deep.
const blob = fc.uint8Array({ maxLength: 40 })
const bytes = (type: number, ...lengths: number[]) =>
  fc.oneof(
    ...lengths.map((length) =>
      fc.uint8Array({ minLength: length, maxLength: length }).map((value) => ({ type, value })),
    ),
    fc.record({ type: fc.constant(type), value: blob }),
    fc.record({ type: fc.integer({ min: 0, max: 0xffff }), value: blob }),
  )
type Attribute = { type: number; value: Uint8Array }
const nest = (type: number, content: fc.Arbitrary<Attribute[]>): fc.Arbitrary<Attribute> =>
  content.map((list) => ({ type, value: serialize(list) }))
const families = fc.constantFrom(Uint8Array.of(2, 0), Uint8Array.of(10, 0))
const allowedIP = fc
  .tuple(
    families.map((value) => ({ type: 1, value })),
    bytes(2, 4, 16),
    bytes(3, 1),
  )
  .map((list) => [...list])
const list = nest(9, fc.array(nest(0, allowedIP), { maxLength: 3 }))
const peer = fc
  .tuple(
    bytes(1, 32),
    fc.array(fc.oneof(bytes(2, 32), bytes(4, 16, 28), bytes(6, 16), list), { maxLength: 4 }),
  )
  .map(([first, rest]) => [first, ...rest])
const peers = nest(8, fc.array(nest(0, peer), { maxLength: 3 }))
const fuzzedPayload = fc
  .array(fc.oneof(peers, bytes(2, 4), bytes(3, 32), bytes(4, 32), bytes(6, 2), bytes(7, 4)), {
    maxLength: 4,
  })
  .map((attributes) => Uint8Array.of(0, 1, 0, 0, ...serialize(attributes)))

function serialize(attributes: readonly Attribute[]): Uint8Array {
  const writer = new AttributeWriter()
  for (const { type, value } of attributes) writer.blob(type & 0xffff, value)
  return writer.bytes()
}
