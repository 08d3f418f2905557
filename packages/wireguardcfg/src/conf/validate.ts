import { invalid } from '../model/errors.js'
import { quote } from '../model/quote.js'
import { isHook } from './keys.js'
import { trim } from './text.js'

/**
 * Checks a value to be written after `key =` and returns it trimmed.
 *
 * @throws WireGuardError `EINVAL` when it is empty, when it has a control character (a line feed
 * would start a new line), or when it has a `#`, which would cut it, except in the commands of
 * wg-quick(8). The error does not quote the value, which may be a secret.
 */
export function checkValue(key: string, value: string): string {
  if (typeof value !== 'string') throw invalid(`${key}: expected a string, got ${quote(value)}`)
  // oxlint-disable-next-line no-control-regex -- these are what must not get in
  if (/[\0-\x08\x0a-\x1f\x7f]/.test(value)) {
    throw invalid(`${key}: expected a value without line breaks or control characters`)
  }
  if (value.includes('#') && (!isHook(key) || trim(value).startsWith('#'))) {
    throw invalid(`${key}: expected a value without "#", which starts a comment`)
  }
  const text = trim(value)
  if (text === '') throw invalid(`${key}: expected a value; wg(8) does not accept an empty one`)
  return text
}

/**
 * Checks a key to be written and returns it.
 *
 * @throws WireGuardError `EINVAL` unless it consists of letters, digits, `_` and `-`, and starts
 * with a letter
 */
export function checkKey(key: string): string {
  if (typeof key === 'string' && /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(key)) return key
  throw invalid(`key ${quote(key)}: expected letters, digits, "_" and "-"`)
}

/**
 * Checks the text of a comment to be written and returns it trimmed.
 *
 * @throws WireGuardError `EINVAL` when it has a control character, such as a line break
 */
export function checkComment(text: string): string {
  if (typeof text === 'string' && isComment(text)) return trim(text)
  throw invalid('comment: expected one line of text without control characters')
}

/** Returns whether a comment can have this text, which is one line without control characters. */
export function isComment(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- these are what must not get in
  return !/[\0-\x08\x0a-\x1f\x7f]/.test(text)
}
