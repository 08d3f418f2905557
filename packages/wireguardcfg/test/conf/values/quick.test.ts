import { describe, expect, it } from '@jest/globals'
import {
  parseAddresses,
  parseDNS,
  parseMTU,
  parseSaveConfig,
  parseTable,
} from '../../../src/conf/values/quick.js'

describe('values of wg-quick', () => {
  it.each([
    [
      'addresses',
      parseAddresses,
      '10.0.0.1/24,::1 ,10.0.0.2\tfd00::0:1/064',
      ['10.0.0.1/24', '::1', '10.0.0.2', 'fd00::1/64'],
    ],
    ['no DNS', parseDNS, '', { servers: [], search: [] }],
    [
      'DNS',
      parseDNS,
      '1.1.1.1 a.example,::0:1',
      { servers: ['1.1.1.1', '::1'], search: ['a.example'] },
    ],
    ['an MTU', parseMTU, '1420', 1420],
    ['a table number', parseTable, '51820', '51820'],
    ['a table name', parseTable, 'main', 'main'],
    ['true', parseSaveConfig, 'True', true],
    ['false', parseSaveConfig, 'false', false],
  ])('%s', (_, parse: (text: string) => unknown, text, value) => {
    expect(parse(text)).toEqual({ value })
  })

  it.each([
    ['an address out of range', parseAddresses, '::1 10.0.0.256', 1],
    ['an address with a length out of range', parseAddresses, '10.0.0.1/33', 0],
    ['a server out of range', parseDNS, 'a,1.1.1', 1],
    ['an MTU of 0', parseMTU, '0', undefined],
    ['an MTU in words', parseMTU, 'auto', undefined],
    ['a table with spaces', parseTable, 'a b', undefined],
    ['a table number out of range', parseTable, '4294967296', undefined],
    ['a boolean of another kind', parseSaveConfig, 'yes', undefined],
  ])('refuse %s', (_, parse: (text: string) => unknown, text, index) => {
    expect(parse(text)).toMatchObject({ fault: index === undefined ? {} : { index } })
  })
})
