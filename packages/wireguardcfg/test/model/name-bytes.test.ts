import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../test-fixtures/runs.js'
import { checkInterfaceName } from '../../src/model/interface-name.js'
import { decodeName, encodeName, isNameText } from '../../src/model/name-bytes.js'

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'))

describe('the text of a name', () => {
  it.each([
    ['ASCII', 'wg0', 'wg0'],
    ['UTF-8', 'wg\xc3\xa9', 'wgé'],
    ['a byte order mark', '\xef\xbb\xbfwg0', '\ufeffwg0'],
    ['a byte that is no UTF-8', 'wg\xff', 'wg\udcff'],
    ['half a character', '\xc3', '\udcc3'],
    ['half a character before a whole one', '\xe2\x82\xc3\xa9', '\udce2\udc82é'],
    ['a surrogate in UTF-8', '\xed\xb3\xbf', '\udced\udcb3\udcbf'],
    ['a character that stands for lost bytes', 'wg\xef\xbf\xbd', 'wg\udcef\udcbf\udcbd'],
    ['a long form', '\xc0\xaf', '\udcc0\udcaf'],
    ['a control character', 'a\x1b[2Jb', 'a\x1b[2Jb'],
    ['an emoji', '\xf0\x9f\x94\x92', '🔒'],
  ])('is one to one: %s', (_, name, text) => {
    expect(decodeName(bytes(name))).toBe(text)
    expect(Uint8Array.from(encodeName(text))).toEqual(bytes(name))
    expect(isNameText(text)).toBe(true)
  })

  it('stands for the same bytes again, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 15 }), (name) => {
        const text = decodeName(name)
        expect(Uint8Array.from(encodeName(text))).toEqual(name)
        expect(isNameText(text)).toBe(true)
      }),
      runs(500),
    )
  })

  it.each(['wg\ufffd', '\ud800', '\udc00', '\udcc3\udca9', '\udc41'])(
    'is no text that stands for the bytes of another one: %j',
    (text) => {
      expect(isNameText(text)).toBe(false)
      expect(() => checkInterfaceName(text)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
    },
  )

  it('is measured in bytes', () => {
    expect(checkInterfaceName('wg\udcff'.padEnd(15, 'x'))).toHaveLength(15)
    expect(() => checkInterfaceName('wg\udcff'.padEnd(16, 'x'))).toThrow('got 16')
    // The kernel takes this byte for white space.
    expect(() => checkInterfaceName('wg\udca0')).toThrow('white space')
  })
})
