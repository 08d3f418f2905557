import { expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../test-fixtures/runs.js'
import { decodeBytes, encodeBytes } from '../../src/cli/bytes.js'

it.each([
  ['ASCII and UTF-8', 'aé€😀', 'aé€😀'],
  ['a byte of Latin-1', Buffer.from('caf\xE9', 'latin1'), 'caf\uDCE9'],
  ['a character that is cut off', Buffer.of(0xe2, 0x82), '\uDCE2\uDC82'],
  ['an overlong form', Buffer.of(0xc0, 0x80), '\uDCC0\uDC80'],
  ['a surrogate in UTF-8', Buffer.of(0xed, 0xa0, 0x80), '\uDCED\uDCA0\uDC80'],
  ['a character above the last one', Buffer.of(0xf4, 0x90, 0x80, 0x80), '\uDCF4\uDC90\uDC80\uDC80'],
])('%s', (_, bytes, text) => {
  expect(decodeBytes(Buffer.from(bytes))).toBe(text)
})

it('loses no byte', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(encodeBytes(decodeBytes(Buffer.from(bytes)))).toStrictEqual(Buffer.from(bytes))
    }),
    runs(500),
  )
})

it('decodes valid text as Node does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const bytes = Buffer.from(text)
      expect(decodeBytes(bytes)).toBe(bytes.toString())
      // The same piece by piece as at once.
      expect(decodeBytes(Buffer.concat([bytes, Buffer.of(0xff)]))).toBe(`${bytes.toString()}\uDCFF`)
    }),
    runs(500),
  )
})
