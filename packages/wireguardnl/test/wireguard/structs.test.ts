import { describe, expect, it } from '@jest/globals'
import type { Endpoint } from 'wireguardcfg'
import { viewOf } from '../../src/netlink/endian.js'
import { MalformedMessageError } from '../../src/netlink/malformed.js'
import {
  decodePort,
  decodeTimespec,
  decodeZone,
  encodeSockaddr,
} from '../../src/wireguard/structs.js'
import { timespec } from '../../../../test-fixtures/fakes/wireguard.js'
import { hex } from '../../../../test-fixtures/hex.js'
import { zones } from '../support/zones.js'

describe('encodeSockaddr', () => {
  it.each<[string, Endpoint, string]>([
    ['IPv4', { host: '192.0.2.1', port: 51820 }, '02 00 ca 6c c0 00 02 01 00 x8'],
    ['IPv6', { host: '2001:db8::1', port: 1 }, '0a 00 00 01 00 x4 20 01 0d b8 00 x11 01 00 x4'],
    [
      'a mapped address, which stays IPv6',
      { host: '::ffff:1.2.3.4', port: 65535 },
      '0a 00 ff ff 00 x4 00 x10 ff ff 01 02 03 04 00 x4',
    ],
    [
      'a zone by name',
      { host: 'fe80::1%eth0', port: 2 },
      '0a 00 00 02 00 x4 fe 80 00 x13 01 02 00 00 00',
    ],
    [
      'a zone by index, of an interface or not',
      { host: 'fe80::1%99', port: 2 },
      '0a 00 00 02 00 x4 fe 80 00 x13 01 63 00 00 00',
    ],
  ])('writes %s', (_, endpoint, expected) => {
    expect(encodeSockaddr(endpoint, zones)).toEqual(hex(expected))
  })

  it.each(['nope', '0', '99999999999', '-1', ''])('refuses the zone "%s"', (zone) => {
    expect(() => encodeSockaddr({ host: `fe80::1%${zone}`, port: 1 }, zones)).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    )
  })

  it('prefers the name of an interface that looks like an index', () => {
    const odd = { index: (name: string) => (name === '7' ? 3 : 0), name: () => undefined }
    expect(encodeSockaddr({ host: 'fe80::1%7', port: 1 }, odd)[24]).toBe(3)
  })
})

describe('decodeZone', () => {
  it.each([
    ['a link-local address: the name', 'fe80::1%eth0', '%eth0'],
    ['the end of the link-local prefix', 'febf::1%eth0', '%eth0'],
    ['link-local multicast', 'ff02::1%lo', '%lo'],
    ['an interface that no longer exists: the index', 'fe80::1%99', '%99'],
    ['any other address: the index, as glibc writes it', '2001:db8::1%eth0', '%2'],
    ['no zone: nothing', 'fe80::1', ''],
  ])('writes for %s', (_, host, expected) => {
    const view = viewOf(encodeSockaddr({ host, port: 51820 }, zones))
    expect(decodeZone(view, 0, zones)).toBe(expected)
    expect(decodePort(view, 0)).toBe(51820)
  })
})

const decode = (seconds: bigint, nanoseconds: bigint) =>
  decodeTimespec(new DataView(timespec(seconds, nanoseconds).buffer), 0)

describe('decodeTimespec', () => {
  it('returns undefined for never', () => {
    expect(decode(0n, 0n)).toBeUndefined()
  })

  it.each([
    ['the last second of 1969', -1n, 0n, '1969-12-31T23:59:59.000Z'],
    ['an instant after the epoch', 0n, 1_000_000n, '1970-01-01T00:00:00.001Z'],
    ['a handshake of today', 1_795_000_000n, 999_999_999n, '2026-11-18T11:06:40.999Z'],
    ['the first second that 32 bits lack', 0x8000_0000n, 0n, '2038-01-19T03:14:08.000Z'],
    ['a second beyond 32 unsigned bits', 0x1_0000_0001n, 0n, '2106-02-07T06:28:17.000Z'],
  ])('reads %s', (_, seconds, nanoseconds, expected) => {
    expect(decode(seconds, nanoseconds)?.toISOString()).toBe(expected)
  })

  it('refuses a time that Date cannot hold', () => {
    expect(() => decode(2n ** 62n, 0n)).toThrow(MalformedMessageError)
  })
})
