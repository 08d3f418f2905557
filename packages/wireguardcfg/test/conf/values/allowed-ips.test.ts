import { describe, expect, it } from '@jest/globals'
import { formatAllowedIPs, parseAllowedIPs } from '../../../src/conf/values/allowed-ips.js'

const read = (text: string) => {
  const parsed = parseAllowedIPs(text)
  if ('fault' in parsed) throw new Error(parsed.fault.message)
  return parsed.value
}

describe('parseAllowedIPs', () => {
  it('adds lengths and keeps signs', () => {
    const entries = read('10.0.0.1,+0:0::1,-10.0.0.0/8,::/0,10.0.0.0/008')
    expect(formatAllowedIPs(entries)).toBe('10.0.0.1/32, +::1/128, -10.0.0.0/8, ::/0, 10.0.0.0/8')
    expect(entries.map(({ warning }) => warning)).toEqual(Array(5).fill(undefined))
  })

  it('clears host bits and warns as wg does', () => {
    expect(read('10.0.0.1/24,::1,0:0::1/064')).toMatchObject([
      {
        allowedIP: '10.0.0.0/24',
        warning: { index: 0, wgMessage: 'Warning: AllowedIP has nonzero host part: 10.0.0.1/24' },
      },
      { allowedIP: '::1/128', warning: undefined },
      {
        allowedIP: '::/64',
        warning: { index: 2, wgMessage: 'Warning: AllowedIP has nonzero host part: 0:0::1/064' },
      },
    ])
  })

  it.each([
    ['', 0, "Unable to parse IP address: `'"],
    ['10.0.0.1,', 1, "Unable to parse IP address: `'"],
    ['10.0.0.1,x/8,y', 1, "Unable to parse IP address: `x'"],
    ['+-10.0.0.1', 0, "Unable to parse IP address: `-10.0.0.1'"],
    ['+', 0, "Unable to parse IP address: `'"],
    ['10.0.0.1/33', 0, "AllowedIP is not in the correct format: `10.0.0.1/33'"],
    ['::,::/129', 1, "AllowedIP is not in the correct format: `::/129'"],
    ['-10.0.0.1/', 0, "AllowedIP is not in the correct format: `10.0.0.1/'"],
    ['10.0.0.1/8/9', 0, "AllowedIP is not in the correct format: `10.0.0.1/8/9'"],
  ])('refuses %j', (text, index, wgMessage) => {
    expect(parseAllowedIPs(text)).toMatchObject({ fault: { index, wgMessage } })
  })

  it('keeps the warnings about the entries before a fault', () => {
    expect(parseAllowedIPs('10.0.0.1/8,x')).toMatchObject({
      fault: { index: 1 },
      warnings: [{ index: 0 }],
    })
  })
})
