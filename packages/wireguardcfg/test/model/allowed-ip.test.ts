import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { runs } from '../../../../test-fixtures/runs.js'
import { canonicalAllowedIP, formatAllowedIP, parseAllowedIP } from '../../src/model/allowed-ip.js'
import { thrown } from './faults.js'

describe('canonicalAllowedIP', () => {
  it.each([
    ['a network', '10.0.0.0/24', '10.0.0.0/24'],
    ['host bits are cleared', '10.0.0.1/24', '10.0.0.0/24'],
    ['host bits inside a byte', '10.255.255.255/13', '10.248.0.0/13'],
    ['everything', '0.0.0.0/0', '0.0.0.0/0'],
    ['everything, with host bits', '255.255.255.255/0', '0.0.0.0/0'],
    ['one bit', '255.255.255.255/1', '128.0.0.0/1'],
    ['all but one bit', '255.255.255.255/31', '255.255.255.254/31'],
    ['one address', '10.0.0.1/32', '10.0.0.1/32'],
    ['one address without a length', '10.0.0.1', '10.0.0.1/32'],
    ['IPv6', 'FD00:0:0::1/64', 'fd00::/64'],
    ['IPv6 host bits inside a byte', 'ffff:ffff::ffff/27', 'ffff:ffe0::/27'],
    ['everything in IPv6', '::/0', '::/0'],
    ['one IPv6 address without a length', '::1', '::1/128'],
    ['IPv6 with all but one bit', '::ffff:ffff:ffff/127', '::ffff:255.255.255.254/127'],
    ['a mapped address stays IPv6', '::ffff:1.2.3.4', '::ffff:1.2.3.4/128'],
    ['a compatible address', '::102:304/128', '::1.2.3.4/128'],
    ['host bits that make it compatible', '::1:2:3/112', '::1:2:0/112'],
  ])('%s', (_, text, canonical) => {
    expect(canonicalAllowedIP(text)).toBe(canonical)
    expect(canonicalAllowedIP(canonical)).toBe(canonical)
    expect(formatAllowedIP(parseAllowedIP(text))).toBe(canonical)
  })

  it.each([
    ['IPv4 length 33', '10.0.0.0/33', /exceeds 32/],
    ['IPv6 length 129', '::/129', /exceeds 128/],
    ['a length with 400 digits', `::/${'9'.repeat(400)}`, /exceeds 128/],
    ['no length after the slash', '10.0.0.0/', /prefix length of 0 to 32/],
    ['a netmask', '10.0.0.0/255.255.255.0', /prefix length/],
    ['two slashes', '10.0.0.0/8/8', /prefix length/],
    ['a negative length', '10.0.0.0/-1', /prefix length/],
    ['a plus', '10.0.0.0/+8', /prefix length/],
    ['a leading zero', '10.0.0.0/08', /prefix length/],
    ['a fraction', '10.0.0.0/8.0', /prefix length/],
    ['an exponent', '10.0.0.0/1e1', /prefix length/],
    ['hexadecimal', '10.0.0.0/0x8', /prefix length/],
    ['other digits', '10.0.0.0/\u0668', /prefix length/],
    ['a newline after it', '10.0.0.0/8\n', /prefix length/],
    ['a space after it', '10.0.0.0/8 ', /prefix length/],
    ['a space before the slash', '10.0.0.0 /8', /address/],
    ['a newline in it', '10.0.0.0\n/8', /address/],
    ['a NUL', '10.0.0.0\0/8', /address/],
    ['a zone', 'fe80::1%eth0/64', /address/],
    ['a zone without a length', 'fe80::1%eth0', /address/],
    ['brackets', '[::1]/128', /address/],
    ['a short IPv4 address', '10/8', /address/],
    ['a name', 'example.org/32', /address/],
    ['no address', '/0', /address/],
    ['no text', '', /address/],
    ['a list', '10.0.0.0/8, 10.1.0.0/16', /address|prefix length/],
    ['the prefix that wg(8) takes for a removal', '-10.0.0.0/8', /address/],
    ['a lone surrogate', '10.0.0.0\udc00/8', /address/],
  ])('refuses %s', (_, text, message) => {
    const error = thrown(() => canonicalAllowedIP(text))
    expect(error.code).toBe('EINVAL')
    expect(error.message).toMatch(message)
    expect(error.message).not.toMatch(/[\n\0]/)
    expect(error.message.length).toBeLessThan(200)
  })

  it.each([undefined, null, 10, ['10.0.0.0/8'], { toString: () => '10.0.0.0/8' }])(
    'refuses a value that is not text: %p',
    (value) => {
      expect(thrown(() => canonicalAllowedIP(value as string)).message).toMatch(/expected a string/)
    },
  )

  it('clears the same bits as another implementation', () => {
    const address = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    )
    fc.assert(
      fc.property(address, fc.nat(128), (random, length) => {
        const prefixLength = Math.min(length, random.byteLength * 8)
        const text = `${ipaddr.fromByteArray([...random]).toString()}/${prefixLength}`
        const network =
          random.byteLength === 4
            ? ipaddr.IPv4.networkAddressFromCIDR(text)
            : ipaddr.IPv6.networkAddressFromCIDR(text)
        const parsed = parseAllowedIP(text)
        expect([...parsed.address].join()).toBe(network.toByteArray().join())
        expect(parsed.prefixLength).toBe(prefixLength)
        expect(canonicalAllowedIP(text)).toBe(formatAllowedIP(parsed))
      }),
      runs(500),
    )
  })
})

describe('formatAllowedIP', () => {
  it('clears host bits in the text, not in the bytes', () => {
    const address = Uint8Array.of(10, 1, 2, 3)
    expect(formatAllowedIP({ address, prefixLength: 9 })).toBe('10.0.0.0/9')
    expect(address).toEqual(Uint8Array.of(10, 1, 2, 3))
  })

  it.each([
    ['a length that exceeds the bits', 4, 33],
    ['a negative length', 4, -1],
    ['a fraction', 4, 8.5],
    ['no number', 16, Number.NaN],
    ['five bytes', 5, 8],
    ['no bytes', 0, 0],
  ])('refuses %s', (_, size, prefixLength) => {
    const address = new Uint8Array(size)
    expect(thrown(() => formatAllowedIP({ address, prefixLength })).code).toBe('EINVAL')
  })
})
