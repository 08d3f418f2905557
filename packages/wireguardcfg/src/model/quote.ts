import { isKeyText } from './key-text.js'

/** The text that replaces a secret. */
export const HIDDEN = '(hidden)'

/**
 * Returns a value in a form that is safe in an error: quoted, control and formatting characters
 * escaped, cut after 80 characters. Text that may hold a key is left out, because users paste
 * private keys into other fields.
 *
 * @example
 * ```ts
 * quote('wg 0\n') // '"wg 0\\n"'
 * ```
 */
export function quote(value: unknown): string {
  if (typeof value !== 'string') return value === null ? 'null' : `a value of type ${typeof value}`
  if (mayHoldKey(value.slice(0, CUT + REACH))) return '(text with a key in it, hidden)'
  const text = value.length > CUT ? `${value.slice(0, CUT)}…` : value
  return JSON.stringify(text).replaceAll(UNPRINTABLE, escapeCharacter)
}

/**
 * Returns whether a text holds a key or the remains of one: base64 or 64 hexadecimal digits, with a
 * few characters missing or wrong, without padding, in the alphabet of URLs, percent-encoded, or
 * inside another text. It misses less than one key in a million. In a million paths of files and
 * names of packages it finds some hundreds of false keys, all of them long and in mixed case.
 *
 * @example
 * ```ts
 * mayHoldKey('/etc/wireguard/wg0.conf') // false
 * ```
 */
export function mayHoldKey(text: string): boolean {
  return findKeys(text).length > 0
}

/**
 * Returns a text of unknown content, such as the output of a program, with `(hidden)` in the place
 * of everything that may be a key.
 *
 * @example
 * ```ts
 * hideKeys(`cannot parse ${privateKey.toBase64()}`) // 'cannot parse (hidden)'
 * ```
 */
export function hideKeys(text: string): string {
  let shown = ''
  let end = 0
  for (const key of findKeys(text)) {
    shown += text.slice(end, key.start) + HIDDEN
    end = key.end
  }
  return end === 0 ? text : shown + text.slice(end)
}

const CUT = 80
// A key that begins before the cut ends within this many characters after it, even when
// percent-encoded.
const REACH = 200
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

function escapeCharacter(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`
}

interface Stretch {
  start: number
  end: number
}

// A key without its padding has 43 characters. This allows for missing and wrong ones.
const SHORTEST = 34
// How often other characters may interrupt them.
const MOST_GAPS = 3
// The lowest total weight of the pairs of characters of a key. Words have less.
const LEAST_WEIGHT = -8

// A key has 64 hexadecimal digits. Each counts 1, and each interruption is subtracted, so that
// addresses and UUIDs, with their groups, stay far below, and so does a hash of 160 bits.
const LEAST_DIGITS = 42
const INTERRUPTION = 5

/** Returns where a text has keys, in order, each with the word around it. */
function findKeys(text: string): Stretch[] {
  const found: Stretch[] = []
  if (text.length < SHORTEST) return found
  // One entry for each base64 character, with the counts of all that precedes it.
  const starts: number[] = []
  const gaps: number[] = []
  const weights: number[] = []
  const upper: number[] = []
  const lower: number[] = []
  const odd: number[] = []
  let [gapCount, weight, upperCount, lowerCount, oddCount] = [0, 0, 0, 0, 0]
  let previous = 0
  let previousKind = OTHER
  let [digits, digitsStart] = [0, 0]
  for (let at = 0, end; at < text.length; at = end) {
    end = at + (isEncoded(text, at) ? 3 : 1)
    const code = end === at + 1 ? text.charCodeAt(at) : Number.parseInt(text.slice(at + 1, end), 16)
    if (digits === 0) digitsStart = at
    if (isHexDigit(code)) {
      digits++
      if (digits >= LEAST_DIGITS) add(found, text, digitsStart, end)
    } else digits = Math.max(0, digits - (isHexDigit(previous) ? INTERRUPTION : 1))
    const kind = kindOf(code)
    if (kind === OTHER) {
      if (code === EQUALS && isKeyText(text.slice(Math.max(0, end - 44), end))) {
        add(found, text, end - 44, end)
      }
      if (previousKind !== OTHER) {
        gapCount++
        weight--
      }
    } else {
      weight += weigh(previousKind, previous, kind, code)
      if (isOdd(previousKind, kind)) oddCount++
      starts.push(at)
      gaps.push(gapCount)
      weights.push(weight)
      upper.push(upperCount)
      lower.push(lowerCount)
      odd.push(oddCount)
      if (kind === UPPER) upperCount++
      if (kind === LOWER) lowerCount++
      const first = starts.length - SHORTEST
      const isKey =
        first >= 0 &&
        weight - weights[first]! >= LEAST_WEIGHT &&
        gapCount - gaps[first]! <= MOST_GAPS &&
        // Hashes and UUIDs have letters of one case.
        upperCount - upper[first]! >= 2 &&
        lowerCount - lower[first]! >= 2 &&
        oddCount - odd[first]! >= 2
      if (isKey) add(found, text, starts[first]!, end)
    }
    previous = code
    previousKind = kind
  }
  return found
}

/** Adds a stretch, extended to whole words, and joins it with the stretches that it overlaps. */
function add(found: Stretch[], text: string, start: number, end: number): void {
  while (start > 0 && WORD.test(text[start - 1]!)) start--
  while (end < text.length && WORD.test(text[end]!)) end++
  while (text[end] === '=') end++
  for (let last; (last = found.at(-1)) !== undefined && last.end >= start; found.pop()) {
    start = Math.min(start, last.start)
    end = Math.max(end, last.end)
  }
  found.push({ start, end })
}

const WORD = /[A-Za-z0-9+/_%-]/
const EQUALS = 61

/** Returns whether a percent-encoded character, such as `%41`, begins here. */
function isEncoded(text: string, at: number): boolean {
  return text[at] === '%' && /^[0-9A-Fa-f]{2}$/.test(text.slice(at + 1, at + 3))
}

const LOWER = 0
const UPPER = 1
const DIGIT = 2
const SIGN = 3
const SLASH = 4
const OTHER = 5

/** Returns the kind of a character in the base64 alphabets of RFC 4648. */
function kindOf(code: number): number {
  if (code >= 97) return code <= 122 ? LOWER : OTHER
  if (code >= 65) return code <= 90 ? UPPER : code === 95 ? SIGN : OTHER
  if (code >= 48) return code <= 57 ? DIGIT : OTHER
  if (code === 47) return SLASH
  return code === 43 || code === 45 ? SIGN : OTHER
}

function isHexDigit(code: number): boolean {
  const letter = code | 32
  return (code >= 48 && code <= 57) || (letter >= 97 && letter <= 102)
}

/**
 * Returns whether two characters are two capital letters, or a digit and a letter. Names like
 * `aNameOfManyWords` have no such pair.
 */
function isOdd(kind: number, next: number): boolean {
  return kind === next ? kind === UPPER : kind <= DIGIT && next <= DIGIT && kind + next > 1
}

/**
 * Returns how much more often a pair of characters occurs in keys than in paths, names and
 * sentences: about the natural logarithm of the ratio, counted in 400,000 paths of files.
 */
function weigh(kind: number, code: number, nextKind: number, next: number): number {
  if (kind === OTHER) return -1
  if (kind === SLASH || nextKind === SLASH) return -3
  if (kind === SIGN || nextKind === SIGN) return -1
  if (kind === DIGIT || nextKind === DIGIT) {
    if (kind === nextKind) return 0
    return kind === UPPER || nextKind === UPPER ? 4 : 2
  }
  const isUsual = FOLLOWERS[(code | 32) - 97]!.includes(String.fromCharCode(next | 32))
  if (kind === LOWER) {
    if (nextKind === LOWER) return isUsual ? -2 : 1
    return isUsual ? 1 : 2
  }
  if (nextKind === UPPER) return isUsual ? -1 : 3
  return isUsual ? 1 : 3
}

// The letters that often follow a, b, c ... in words. They cover four fifths of all pairs.
const FOLLOWERS =
  'bcdgiklmnprstuy aeiloru aehiklorstu abeiors abcdefglmnprstvx aeilo aeior aeio abcdefglmnoprstv  aei adeilostuy aeilop acdegiost bcdglmnoprstuw aehiloprsty u acdeikmostuy acehimopstuy acehiloprstuy abdilmnprst aei aei  acnpst '.split(
    ' ',
  )
