import { HIDDEN, quote } from '../../model/quote.js'
import { isKeyText } from '../../model/key-text.js'
import { describeKeyText, type PublicKey, SecretKey } from '../../model/key.js'
import { type Parsed, wgSentence } from './value.js'

const WRONG_KEY = 'Key is not the correct length or format'
const EXPECTED = '44 characters of canonical base64'
const ZERO_KEY = `${'A'.repeat(43)}=`

/** A public key; the all-zero key is a legal peer. */
export function parsePublicKeyValue(text: string): Parsed<PublicKey> {
  if (isKeyText(text)) return { value: text }
  const message = `${quote(text)} is not a public key: ${describeKeyText(text)}`
  return { fault: { message, expected: EXPECTED, wgMessage: wgSentence(WRONG_KEY, text) } }
}

/**
 * A private or preshared key; `null`: the all-zero key, which removes the key. No fault shows any
 * of the text.
 */
export function parseSecretKeyValue(text: string): Parsed<SecretKey | null> {
  if (isKeyText(text)) return { value: text === ZERO_KEY ? null : SecretKey.parse(text) }
  const message = `not a key: ${describeKeyText(text)}`
  return { fault: { message, expected: EXPECTED, wgMessage: wgSentence(WRONG_KEY, HIDDEN) } }
}

/** The text of a private or preshared key; of `null` the all-zero key. The secret itself. */
export function formatSecretKeyValue(key: SecretKey | null): string {
  return key === null ? ZERO_KEY : key.toBase64()
}
