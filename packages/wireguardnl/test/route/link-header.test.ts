import { describe, expect, it } from '@jest/globals'
import { encodeLinkHeader, type LinkHeader } from '../../src/route/link-header.js'
import { hex } from '../support/hex.js'

describe('struct ifinfomsg', () => {
  it.each<[string, LinkHeader | undefined, string]>([
    ['nothing', undefined, '00 00 0000 00000000 00000000 00000000'],
    ['an index', { index: 0x01020304 }, '00 00 0000 04030201 00000000 00000000'],
    ['up', { up: true }, '00 00 0000 00000000 01000000 01000000'],
    ['down', { index: 7, up: false }, '00 00 0000 07000000 00000000 01000000'],
  ])('chooses %s', (_, fields, bytes) => {
    expect(encodeLinkHeader(fields)).toEqual(hex(bytes))
  })
})
