import { describe, expect, it } from '@jest/globals'
import { formatInterfaceAddress, parseInterfaceAddress } from '../../src/model/interface-address.js'

describe('the address of an interface', () => {
  it.each([
    ['10.7.0.1/24', '10.7.0.1/24'],
    ['10.7.0.1', '10.7.0.1/32'],
    ['255.255.255.255/0', '255.255.255.255/0'],
    ['fd00::1/64', 'fd00::1/64'],
    ['FD00:0:0:0::0001/128', 'fd00::1/128'],
    ['fd00::1', 'fd00::1/128'],
    ['::ffff:1.2.3.4/96', '::ffff:1.2.3.4/96'],
    ['::102:304/128', '::1.2.3.4/128'],
  ])('%s is %s', (text, canonical) => {
    expect(formatInterfaceAddress(parseInterfaceAddress(text))).toBe(canonical)
    expect(formatInterfaceAddress(parseInterfaceAddress(canonical))).toBe(canonical)
  })

  it('keeps its host bits', () => {
    expect(parseInterfaceAddress('10.7.0.1/8')).toEqual({
      local: Uint8Array.of(10, 7, 0, 1),
      prefixLength: 8,
    })
  })

  it.each([
    ['', 'expected an IPv4 or IPv6 address'],
    ['wg0', 'expected an IPv4 or IPv6 address'],
    ['10.7.0/24', 'expected an IPv4 or IPv6 address'],
    ['010.7.0.1/24', 'expected an IPv4 or IPv6 address'],
    ['fe80::1%eth0/64', 'expected an IPv4 or IPv6 address'],
    ['10.7.0.1/33', 'expected a prefix length of 0 to 32'],
    ['10.7.0.1/', 'expected a prefix length of 0 to 32'],
    ['10.7.0.1/024', 'expected a prefix length of 0 to 32'],
    ['10.7.0.1/ 24', 'expected a prefix length of 0 to 32'],
    ['10.7.0.1/255.255.255.0', 'expected a prefix length of 0 to 32'],
    ['10.7.0.1/24/24', 'expected a prefix length of 0 to 32'],
    ['10.7.0.1/-1', 'expected a prefix length of 0 to 32'],
    ['fd00::1/129', 'expected a prefix length of 0 to 128'],
    ['0.0.0.0/0', 'expected an address other than zero'],
    ['::', 'expected an address other than zero'],
  ])('is not %j', (text, message) => {
    expect(() => parseInterfaceAddress(text)).toThrow(
      expect.objectContaining({ code: 'EINVAL', message: expect.stringContaining(message) }),
    )
  })

  it.each([[undefined], [7], [null], [['10.7.0.1']]])('is text, not %j', (value) => {
    expect(() => parseInterfaceAddress(value as never)).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    )
  })

  it('does not repeat a key that was passed by mistake', () => {
    const key = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk='
    expect(() => parseInterfaceAddress(key)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(key.slice(0, 10)) }),
    )
  })
})
