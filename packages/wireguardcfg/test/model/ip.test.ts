import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { runs } from '../../../../test-fixtures/runs.js'
import { canonicalIP, formatIP, parseIP, parseIPv4, parseIPv6 } from '../../src/model/ip.js'
import { thrown } from './faults.js'

// Right-hand sides as glibc 2.36 writes them: python3's socket.inet_ntop(AF_INET6,
// inet_pton(AF_INET6, text)).
const CANONICAL: [name: string, text: string, canonical: string][] = [
  ['no address', '::', '::'],
  ['no address, written out', '0000:0000:0000:0000:0000:0000:0000:0000', '::'],
  ['loopback', '::1', '::1'],
  ['compatible address', '::1.2.3.4', '::1.2.3.4'],
  ['compatible address in groups', '::102:304', '::1.2.3.4'],
  ['compatible address with zeros at the end', '::1:0', '::0.1.0.0'],
  ['compatible, but the seventh group is zero', '::ffff', '::ffff'],
  ['mapped address', '::ffff:1.2.3.4', '::ffff:1.2.3.4'],
  ['mapped address in groups', '::FFFF:102:304', '::ffff:1.2.3.4'],
  ['mapped address of zero', '::ffff:0:0', '::ffff:0.0.0.0'],
  ['almost mapped', '::fffe:1.2.3.4', '::fffe:102:304'],
  ['mapped, not at the start', '1::ffff:1.2.3.4', '1::ffff:102:304'],
  ['translated address', '::ffff:0:1.2.3.4', '::ffff:0:102:304'],
  ['NAT64', '64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ['five zero groups and others', '::2:1.2.3.4', '::2:102:304'],
  ['zeros at the end', '1:0:0:0:0:0:0:0', '1::'],
  ['zeros in the middle', '1:0:0:0:0:0:0:8', '1::8'],
  ['the first of two runs of equal length', '1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
  ['the longer run, first', '1:0:0:0:2:0:0:3', '1::2:0:0:3'],
  ['the longer run, last', '1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['two runs at the ends', '0:0:1:2:3:4:0:0', '::1:2:3:4:0:0'],
  ['one zero group stays', '1:2:3:0:5:6:7:8', '1:2:3:0:5:6:7:8'],
  ['one zero group at the start stays', '::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ['one zero group at the end stays', '1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['alternating zero groups', '0:1:0:1:0:1:0:1', '0:1:0:1:0:1:0:1'],
  [
    'leading zeros and capitals',
    '2001:0DB8:0000:0001:000A:00B0:0C00:D000',
    '2001:db8:0:1:a:b0:c00:d000',
  ],
  ['a link-local address', 'fe80::0202:b3ff:fe1e:8329', 'fe80::202:b3ff:fe1e:8329'],
  ['dotted decimal at the end', '1:2:3:4:5:6:255.254.253.252', '1:2:3:4:5:6:fffe:fdfc'],
  [
    'the longest text',
    'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255',
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  ],
  ['IPv4', '192.0.2.1', '192.0.2.1'],
  ['IPv4 zero', '0.0.0.0', '0.0.0.0'],
  ['IPv4 broadcast', '255.255.255.255', '255.255.255.255'],
]

// All refused by glibc's inet_pton(3) too.
const REFUSED = [
  '', ' ', '.', ':', ':::', '::::', '1', '1.2.3', '1.2.3.4.5', '1..3.4', '.1.2.3.4', '1.2.3.4.', '1.2.3.256',
  '1.2.3.1000', '01.2.3.4', '1.2.3.00', '00.0.0.0', '+1.2.3.4', '-1.2.3.4', '1.2.3.-4', '0x1.2.3.4', '1e1.2.3.4',
  ' 1.2.3.4', '1.2.3.4 ', '1.2.3.4\n', '1.2.3.4\0', '1.2.3.4/32', '1.2.3.4:1', '\u0661.2.3.4', '1.2.3.\uff14',
  '1::2::3', '1::2::', '::1::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::8',
  '::1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8::', '1:2:3:4::5:6:7:8', ':1', '1:', '::1:', ':1::2', ':1:2:3:4:5:6:7',
  '12345::', '::00001', '::g', '::G', '::-1', '::0x1', ' ::1', '::1 ', '::1\n', '::\u0661', '::\uff11', '[::1]',
  '::1/128', '::1%1', 'fe80::1%eth0', '::1.2.3', '::1.2.3.4.5', '::01.2.3.4', '::1.2.3.256', '::1.2.3.4:5',
  '1.2.3.4::', '1:1.2.3.4::', '1.2.3.4::1.2.3.4', '1:2:3:4:5:6:7:1.2.3.4', '1:2:3:4:5:6::1.2.3.4',
  '::2:3:4:5:6:7:1.2.3.4', '1:2:3:4:5:1.2.3.4', '1.2.3.4:5:6:7:8:9:a:b', `::${'0'.repeat(50)}`, '::\ud800',
] // prettier-ignore

// Many zero groups, so that runs, ties and the dotted forms occur.
const group = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0) },
  fc.constant(0xffff),
  fc.nat(0xffff),
)
const ipv6 = fc
  .array(group, { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 255])))
const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => Uint8Array.from(bytes))

const hex = (bytes: Iterable<number> | undefined) =>
  bytes && Buffer.from([...bytes]).toString('hex')

describe('canonicalIP', () => {
  it.each(CANONICAL)('%s', (_, text, canonical) => {
    expect(canonicalIP(text)).toBe(canonical)
    expect(canonicalIP(canonical)).toBe(canonical)
  })

  it.each(REFUSED)('refuses %j', (text) => {
    expect(parseIP(text)).toBeUndefined()
    expect(parseIPv4(text)).toBeUndefined()
    expect(parseIPv6(text)).toBeUndefined()
    expect(thrown(() => canonicalIP(text)).code).toBe('EINVAL')
  })

  it.each([
    undefined,
    null,
    5,
    ['1.2.3.4'],
    ['::1'],
    { toString: () => '1.2.3.4' },
    new Uint8Array(4),
  ])('refuses a value that is not text: %p', (value) => {
    expect(parseIP(value as string)).toBeUndefined()
    expect(thrown(() => canonicalIP(value as string)).code).toBe('EINVAL')
  })

  it('keeps the families apart', () => {
    expect(parseIPv4('::1')).toBeUndefined()
    expect(parseIPv6('1.2.3.4')).toBeUndefined()
    expect(parseIP('1.2.3.4')).toEqual(Uint8Array.of(1, 2, 3, 4))
    expect(parseIP('::1.2.3.4')).toHaveLength(16)
  })

  it('refuses a very long text at once', () => {
    expect(thrown(() => canonicalIP('1:'.repeat(1_000_000))).message.length).toBeLessThan(200)
    expect(thrown(() => canonicalIP('1'.repeat(1_000_000))).message.length).toBeLessThan(200)
  })
})

describe('formatIP', () => {
  it('writes what parseIP reads', () => {
    fc.assert(
      fc.property(fc.oneof(ipv6, ipv4), (bytes) => {
        expect(hex(parseIP(formatIP(bytes)))).toBe(hex(bytes))
      }),
      runs(1000),
    )
  })

  it('writes what another parser reads', () => {
    fc.assert(
      fc.property(fc.oneof(ipv6, ipv4), (bytes) => {
        const text = formatIP(bytes)
        // ipaddr.js 2.5.0 takes '::1.2.3.4' for '::ffff:1.2.3.4'.
        fc.pre(!/^::[0-9]+\./.test(text))
        expect(hex(ipaddr.parse(text).toByteArray())).toBe(hex(bytes))
      }),
      runs(1000),
    )
  })

  it('writes a part of a larger array', () => {
    const bytes = Uint8Array.of(9, 1, 2, 3, 4, 9, ...new Uint8Array(15), 1)
    expect(formatIP(bytes, 1, 4)).toBe('1.2.3.4')
    expect(formatIP(bytes, 6)).toBe('::1')
    expect(formatIP(bytes.subarray(1), 0, 4)).toBe('1.2.3.4')
  })

  it.each([
    ['no bytes', 0, 0, 0],
    ['five bytes', 5, 0, 5],
    ['fifteen bytes', 15, 0, 15],
    ['four bytes past the end', 4, 1, 4],
    ['sixteen of four bytes', 4, 0, 16],
    ['an offset before the start', 8, -1, 4],
    ['a broken offset', 8, 0.5, 4],
    ['an offset that is no number', 8, Number.NaN, 4],
  ])('refuses %s', (_, size, offset, length) => {
    expect(thrown(() => formatIP(new Uint8Array(size), offset, length)).code).toBe('EINVAL')
  })
})

describe('parseIP', () => {
  const spelling = fc.tuple(ipv6, fc.boolean(), fc.boolean()).map(([bytes, capitals, padded]) => {
    const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
    const text = groups.map((value) => value.toString(16).padStart(padded ? 4 : 1, '0')).join(':')
    return { bytes, text: capitals ? text.toUpperCase() : text }
  })

  it('reads every spelling without a gap', () => {
    fc.assert(
      fc.property(spelling, ({ bytes, text }) => expect(hex(parseIP(text))).toBe(hex(bytes))),
      runs(100),
    )
  })

  it('reads a gap in place of any run of zeros', () => {
    fc.assert(
      fc.property(ipv6, fc.nat(7), fc.nat(7), (random, a, b) => {
        const bytes = Uint8Array.from(random)
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        bytes.fill(0, 2 * from, 2 * to + 2)
        const text = (start: number, end: number) =>
          Array.from({ length: end - start }, (_, i) =>
            ((bytes[2 * (start + i)]! << 8) | bytes[2 * (start + i) + 1]!).toString(16),
          ).join(':')
        expect(hex(parseIP(`${text(0, from)}::${text(to + 1, 8)}`))).toBe(hex(bytes))
      }),
      runs(100),
    )
  })

  it('returns 4 bytes, 16 bytes or nothing for any text, and never throws', () => {
    const noise = fc.string({
      unit: fc.constantFrom(...'0123456789afF:.:.%/ g'.split('')),
      maxLength: 50,
    })
    fc.assert(
      fc.property(fc.oneof(noise, fc.string({ unit: 'binary' })), (text) => {
        const bytes = parseIP(text)
        if (bytes === undefined) return
        // What is read has one canonical spelling.
        expect(hex(parseIP(formatIP(bytes)))).toBe(hex(bytes))
        // ipaddr.js takes more than inet_pton (zones, leading zeros), never less.
        expect(ipaddr.IPv6.isValid(text) || ipaddr.IPv4.isValidFourPartDecimal(text)).toBe(true)
      }),
      runs(2000),
    )
  })
})
