import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../../test-fixtures/runs.js'
import { canonicalIP, formatIP } from '../../../src/model/ip.js'
import { formatGo, parseAddrPort, parsePrefix } from '../../../src/uapi/server/go-address.js'

describe('parseAddrPort', () => {
  it.each([
    ['1.2.3.4:5', '1.2.3.4', 5],
    ['1.2.3.4:0', '1.2.3.4', 0],
    ['1.2.3.4:65535', '1.2.3.4', 65_535],
    ['[::1]:05', '::1', 5],
    ['[FE80::A%eth0]:5', 'fe80::a%eth0', 5],
    ['[::ffff:1.2.3.4]:5', '::ffff:1.2.3.4', 5],
    ['[1:0:0:2::3]:5', '1:0:0:2::3', 5],
    ['[::102:304]:5', '::1.2.3.4', 5],
  ])('reads %s', (text, host, port) => {
    expect(parseAddrPort(text)).toEqual({ host, port })
  })

  it.each([
    '',
    ':5',
    '[]:5',
    '1.2.3.4',
    '1.2.3.4:',
    '1.2.3.4:65536',
    '1.2.3.4:+5',
    '01.2.3.4:5',
    '[1.2.3.4]:5',
    '1.2.3.4%lo:5',
    '::1:5',
    '[::1:5',
    '::1]:5',
    '[::1]:',
    '[::1%]:5',
    '[::1]',
    'host:5',
    '[host]:5',
    '[%lo]:5',
  ])('refuses %j', (text) => {
    expect(parseAddrPort(text)).toBeUndefined()
  })
})

describe('parsePrefix', () => {
  it.each([
    ['10.0.0.1/24', '10.0.0.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['FD00::A/128', 'fd00::a/128'],
    ['::102:304/128', '::1.2.3.4/128'],
    ['::ffff:1.2.3.4/96', '::ffff:0.0.0.0/96'],
  ])('reads %s as %s', (text, canonical) => {
    expect(parsePrefix(text)).toBe(canonical)
  })

  it.each([
    '',
    '/8',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '1.2.3/24',
    '::1/129',
    '::1%lo/128',
    '10.0.0.0/08',
  ])('refuses %j', (text) => {
    expect(parsePrefix(text)).toBeUndefined()
  })
})

describe('formatGo', () => {
  // Compared with wireguard-go 0.0.20220316, but for the zones, which only newer versions print.
  it.each([
    ['::1.2.3.4/127', '::102:304/127'],
    ['::1.2.0.0/128', '::102:0/128'],
    ['::0.1.0.0', '::1:0'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['::1', '::1'],
    ['::/0', '::/0'],
    ['1.2.3.4/32', '1.2.3.4/32'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['::1.2.3.4%eth0', '::102:304%eth0'],
  ])('prints %s as %s', (canonical, text) => {
    expect(formatGo(canonical)).toBe(text)
  })

  it('means the same address and has dots in mapped ones alone', () => {
    const sparse = fc.array(fc.oneof(fc.constant(0), fc.constant(255), fc.nat(255)), {
      minLength: 16,
      maxLength: 16,
    })
    fc.assert(
      fc.property(sparse, (bytes) => {
        const canonical = formatIP(Uint8Array.from(bytes))
        const text = formatGo(canonical)
        expect(canonicalIP(text)).toBe(canonical)
        expect(text.includes('.')).toBe(canonical.startsWith('::ffff:') && canonical.includes('.'))
      }),
      runs(100),
    )
  })
})
