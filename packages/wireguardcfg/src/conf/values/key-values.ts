import { HIDDEN, quote } from '../../model/quote.js'
import { isKeyText } from '../../model/key-text.js'
import { describeKeyText, type PublicKey, SecretKey } from '../../model/key.js'
import { type Parsed, wgSentence } from './value.js'

const WRONG_KEY = 'Key is not the correct length or format'
const EXPECTED = '44 characters of canonical base64'
const ZERO_KEY = `${'A'.repeat(43)}=`

/** Reads a public key. The all-zero key is a legal peer. */
export function parsePublicKeyValue(text: string): Parsed<PublicKey> {
  if (isKeyText(text)) return { value: text }
  const message = `${quote(text)} is not a public key: ${describeKeyText(text)}`
  return { fault: { message, expected: EXPECTED, wgMessage: wgSentence(WRONG_KEY, text) } }
}

/**
 * Reads a private or preshared key. Returns `null` for the all-zero key, which removes the key. No
 * fault shows any part of the text.
 */
export function parseSecretKeyValue(text: string): Parsed<SecretKey | null> {
  if (isKeyText(text)) return { value: text === ZERO_KEY ? null : SecretKey.parse(text) }
  const message = `not a key: ${describeKeyText(text)}`
  return { fault: { message, expected: EXPECTED, wgMessage: wgSentence(WRONG_KEY, HIDDEN) } }
}

/** Returns the secret text of a private or preshared key; for `null` the all-zero key. */
export function formatSecretKeyValue(key: SecretKey | null): string {
  return key === null ? ZERO_KEY : key.toBase64()
}
