import { describe, expect, it } from '@jest/globals'
import {
  formatSecretKeyValue,
  parsePublicKeyValue,
  parseSecretKeyValue,
} from '../../../src/conf/values/key-values.js'
import { KEY_A, PSK, ZERO } from '../wg-cases.js'

const SENTENCE = 'Key is not the correct length or format'

describe('keys', () => {
  it('can be public, also the zero key', () => {
    expect(parsePublicKeyValue(KEY_A)).toEqual({ value: KEY_A })
    expect(parsePublicKeyValue(ZERO)).toEqual({ value: ZERO })
  })

  it('can be secret, and the zero key unsets them', () => {
    const parsed = parseSecretKeyValue(PSK)
    expect('value' in parsed && parsed.value?.toBase64()).toBe(PSK)
    expect(parseSecretKeyValue(ZERO)).toEqual({ value: null })
    expect(formatSecretKeyValue(null)).toBe(ZERO)
  })

  it.each([
    ['too short', PSK.slice(1)],
    ['too long', `${PSK}=`],
    ['of the alphabet for URLs', PSK.replace('+', '-')],
    ['with bits left over', PSK.replace('E=', 'F=')],
    ['in hexadecimal', '0f'.repeat(32)],
    ['short', 'abc'],
  ])('are refused when %s, and secret ones are not quoted', (_, text) => {
    const message = `${SENTENCE}: \`(hidden)'`
    expect(parseSecretKeyValue(text)).toMatchObject({ fault: { wgMessage: message } })
    expect(JSON.stringify(parseSecretKeyValue(text))).not.toContain(text)
    expect(parsePublicKeyValue(text)).toHaveProperty('fault')
  })

  it('are quoted as wg does only when they are public and cannot be a whole key', () => {
    expect(parsePublicKeyValue('abc')).toMatchObject({
      fault: { wgMessage: `${SENTENCE}: \`abc'` },
    })
    expect(JSON.stringify(parsePublicKeyValue(PSK.slice(1)))).not.toContain(PSK.slice(4, 20))
  })
})
