import { invalid } from '../model/errors.js'
import { quote } from '../model/quote.js'
import { isHook } from './keys.js'
import { trim } from './text.js'

/**
 * A value as it may be written behind `key =`.
 *
 * @throws WireGuardError `EINVAL` when it is empty, when it holds a control character (a line feed
 * would begin a line of its own), or a `#`, which would cut it, except in the commands of
 * wg-quick(8). The value is not quoted: it may be a secret.
 */
export function checkValue(key: string, value: string): string {
  if (typeof value !== 'string') throw invalid(`${key}: expected a string, got ${quote(value)}`)
  // oxlint-disable-next-line no-control-regex -- these are what must not get in
  if (/[\0-\x08\x0a-\x1f\x7f]/.test(value)) {
    throw invalid(`${key}: expected a value without line breaks and control characters`)
  }
  if (value.includes('#') && (!isHook(key) || trim(value).startsWith('#'))) {
    throw invalid(`${key}: expected a value without "#", which begins a comment`)
  }
  const text = trim(value)
  if (text === '') throw invalid(`${key}: expected a value, which wg(8) does not let be empty`)
  return text
}

/**
 * A key as it may be written.
 *
 * @throws WireGuardError `EINVAL` unless it is letters, digits, `_` and `-`, beginning with a
 * letter
 */
export function checkKey(key: string): string {
  if (typeof key === 'string' && /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(key)) return key
  throw invalid(`key ${quote(key)}: expected letters, digits, "_" and "-"`)
}

/**
 * Text as it may be written in a comment.
 *
 * @throws WireGuardError `EINVAL` when it holds a control character, such as a line break
 */
export function checkComment(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what must not get in
  if (typeof text === 'string' && !/[\0-\x08\x0a-\x1f\x7f]/.test(text)) return trim(text)
  throw invalid('comment: expected one line of text without control characters')
}
