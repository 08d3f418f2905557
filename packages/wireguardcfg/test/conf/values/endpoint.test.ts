import { describe, expect, it } from '@jest/globals'
import { parseConfEndpoint } from '../../../src/conf/values/endpoint.js'

describe('parseConfEndpoint', () => {
  it.each([
    ['192.0.2.1:51820', '192.0.2.1', 51820, false],
    ['[192.0.2.1]:0', '192.0.2.1', 0, false],
    ['[2001:DB8:0::1]:1', '2001:db8::1', 1, false],
    ['2001:db8::1:51820', '2001:db8::1', 51820, false],
    ['[fe80::1%eth0]:1', 'fe80::1%eth0', 1, false],
    ['vpn.Example.com.:1', 'vpn.Example.com.', 1, true],
    ['_x-y.example:1', '_x-y.example', 1, true],
    ['[localhost]:1', 'localhost', 1, true],
    ['1.2.3.4.5:1', '1.2.3.4.5', 1, true],
  ])('accepts %s', (text, host, port, isName) => {
    expect(parseConfEndpoint(text)).toMatchObject({ value: { host, port, isName } })
  })

  it.each([
    ['', 'Unable to find port of endpoint'],
    ['192.0.2.1', 'Unable to find port of endpoint'],
    ['a:', 'Unable to find port of endpoint'],
    ['[::1]', 'Unable to find port of endpoint'],
    ['[::1]x:1', 'Unable to find port of endpoint'],
    ['[::1', 'Unable to find matching brace of endpoint'],
    [':1', 'Name or service not known'],
    ['::1', 'Name or service not known'],
    ['a..b/c:1', 'Name or service not known'],
    ['a/b:x', 'Servname not supported for ai_socktype'],
    ['[::1]:1:2', 'Servname not supported for ai_socktype'],
  ])('refuses %j as wg does', (text, sentence) => {
    expect(parseConfEndpoint(text)).toMatchObject({
      fault: { wgMessage: `${sentence}: \`${text}'` },
    })
  })

  it.each(['a:65536', '127.1:1', '0x7f000001:1', '2130706433:1', '1.2.3:5'])(
    'refuses %s, which wg takes for something else',
    (text) => {
      const parsed = parseConfEndpoint(text)
      expect(parsed).toHaveProperty('fault')
      expect('fault' in parsed && parsed.fault.wgMessage).toBeUndefined()
    },
  )
})
