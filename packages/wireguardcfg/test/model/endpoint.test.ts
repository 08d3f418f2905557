import { describe, expect, it } from '@jest/globals'
import { checkEndpoint, formatEndpoint, parseEndpoint } from '../../src/model/endpoint.js'
import { SecretKey } from '../../src/model/key.js'
import { everyText, partsOf, thrown } from './faults.js'

describe('parseEndpoint', () => {
  it.each([
    ['IPv4', '192.0.2.1:51820', '192.0.2.1', 51820],
    ['port 0', '192.0.2.1:0', '192.0.2.1', 0],
    ['port 65535', '192.0.2.1:65535', '192.0.2.1', 65535],
    ['IPv6', '[2001:DB8:0::1]:51820', '2001:db8::1', 51820],
    ['a mapped address, as the kernel shows it', '[::ffff:1.2.3.4]:1', '::ffff:1.2.3.4', 1],
    ['a compatible address', '[::102:304]:1', '::1.2.3.4', 1],
    ['a zone', '[fe80::1%eth0]:51820', 'fe80::1%eth0', 51820],
    ['a zone by number', '[FE80::1%3]:51820', 'fe80::1%3', 51820],
    ['a zone of 15 characters', '[fe80::1%abcdefghijklmno]:1', 'fe80::1%abcdefghijklmno', 1],
  ])('%s', (_, text, host, port) => {
    const endpoint = parseEndpoint(text)
    expect(endpoint).toEqual({ host, port })
    expect(parseEndpoint(formatEndpoint(endpoint))).toEqual(endpoint)
  })

  it.each([
    ['no text', ''],
    ['no port', '192.0.2.1'],
    ['an empty port', '192.0.2.1:'],
    ['no host', ':51820'],
    ['empty brackets', '[]:51820'],
    ['IPv6 without brackets', '2001:db8::1:51820'],
    ['IPv6 without a port', '[2001:db8::1]'],
    ['IPv4 in brackets', '[192.0.2.1]:51820'],
    ['an open bracket', '[2001:db8::1:51820'],
    ['a closing bracket', '2001:db8::1]:51820'],
    ['two pairs of brackets', '[[::1]]:51820'],
    ['text before the brackets', 'x[::1]:51820'],
    ['text after the brackets', '[::1]x:51820'],
    ['port 65536', '192.0.2.1:65536'],
    ['port 70000', '192.0.2.1:70000'],
    ['a port of 400 digits', `192.0.2.1:${'9'.repeat(400)}`],
    ['port -1', '192.0.2.1:-1'],
    ['port 1.5', '192.0.2.1:1.5'],
    ['port 1e3', '192.0.2.1:1e3'],
    ['a hexadecimal port', '192.0.2.1:0x50'],
    ['a port in other digits', '192.0.2.1:\u0661'],
    ['a service name', '192.0.2.1:http'],
    ['a newline after it', '192.0.2.1:51820\n'],
    ['a newline before it', '\n192.0.2.1:51820'],
    ['a newline before the port', '192.0.2.1\n:51820'],
    ['a newline inside brackets', '[::1\n]:51820'],
    ['a space', '192.0.2.1 :51820'],
    ['a NUL', '192.0.2.1\0:51820'],
    ['a lone surrogate', '192.0.2.1\ud800:51820'],
    ['an empty zone', '[fe80::1%]:51820'],
    ['a zone of 16 characters', '[fe80::1%abcdefghijklmnop]:1'],
    ['two zones', '[fe80::1%a%b]:1'],
    ['a zone with a slash', '[fe80::1%../x]:1'],
    ['a zone with a newline', '[fe80::1%a\nb]:1'],
    ['a zone with a space', '[fe80::1%a b]:1'],
    ['a zone with a NUL', '[fe80::1%a\0]:1'],
    ['a zone of IPv4', '192.0.2.1%eth0:1'],
    ['a zone alone', '%eth0:1'],
    ['leading zeros', '192.0.02.1:1'],
    ['an URL', 'udp://192.0.2.1:51820'],
    ['a prefix length', '192.0.2.1/32:51820'],
  ])('refuses %s', (_, text) => {
    const error = thrown(() => parseEndpoint(text))
    expect(error.code).toBe('EINVAL')
    expect(error.hint).toBeUndefined()
    expect(error.message).not.toMatch(/[\n\0]/)
    expect(error.message.length).toBeLessThan(200)
  })

  it.each([
    'example.org:51820',
    'vpn:1',
    'xn--nxasmq6b.example:1',
    'a_b.example.org.:1',
    '[example.org]:1',
  ])('reports that the name in %s is not resolved', (text) => {
    const error = thrown(() => parseEndpoint(text))
    expect(error.code).toBe('EINVAL')
    expect(error.message).toMatch(/Resolve the name to an address/)
    expect(error.hint).toMatch(/^Resolve the name to an address first$/)
  })

  it.each([undefined, null, 51820, ['192.0.2.1:51820'], {}])(
    'refuses a value that is not text: %p',
    (value) => {
      expect(thrown(() => parseEndpoint(value as string)).message).toMatch(/expected a string/)
    },
  )

  it('does not repeat a private key that was pasted into it', () => {
    const key = SecretKey.generatePrivate()
    for (const text of [
      key.toBase64(),
      key.toHex(),
      `${key.toBase64()}:51820`,
      `${'x.'.repeat(38)}${key.toHex()}`,
    ]) {
      expect(partsOf(key.toBase64(), everyText(thrown(() => parseEndpoint(text))))).toEqual([])
      expect(partsOf(key.toHex(), everyText(thrown(() => parseEndpoint(text))))).toEqual([])
    }
  })
})

describe('checkEndpoint', () => {
  it('returns a new endpoint with the host in canonical text', () => {
    const given = { host: 'FE80:0::1%wg-0', port: 1, more: true }
    expect(checkEndpoint(given)).toEqual({ host: 'fe80::1%wg-0', port: 1 })
    expect(given.host).toBe('FE80:0::1%wg-0')
  })

  it.each([
    [70000, '70000'],
    [65536, '65536'],
    [-1, '-1'],
    [1.5, '1.5'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    ['51820', '"51820"'],
    ['1\n2', '"1\\n2"'],
    [null, 'null'],
    [undefined, 'a value of type undefined'],
    [5n, 'a value of type bigint'],
    [{ toString: () => 'x'.repeat(1000) }, 'a value of type object'],
  ])('refuses port %p', (port, shown) => {
    const error = thrown(() => checkEndpoint({ host: '192.0.2.1', port: port as number }))
    expect(error.code).toBe('EINVAL')
    expect(error.message).toBe(`endpoint port ${shown}: expected an integer from 0 to 65535`)
  })

  it.each(['', '[::1]', '::1:', '192.0.2.1:51820', '::1%', '0300.1.2.3', '1', '127.1'])(
    'refuses host %j',
    (host) => {
      expect(thrown(() => checkEndpoint({ host, port: 1 })).code).toBe('EINVAL')
    },
  )

  it.each([undefined, null, 5, ['192.0.2.1']])('refuses host %p', (host) => {
    expect(
      thrown(() => checkEndpoint({ host: host as unknown as string, port: 1 })).message,
    ).toMatch(/expected a string/)
  })

  it('reads each field once', () => {
    let reads = 0
    const given = {
      get host() {
        return ['192.0.2.1', 'evil\n'][reads++]!
      },
      port: 1,
    }
    expect(checkEndpoint(given)).toEqual({ host: '192.0.2.1', port: 1 })
    expect(reads).toBe(1)
  })
})

describe('formatEndpoint', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1:5'],
    ['::1', '[::1]:5'],
    ['fe80::1%eth0', '[fe80::1%eth0]:5'],
  ])('%s', (host, text) => expect(formatEndpoint({ host, port: 5 })).toBe(text))
})
