import { isKeyText } from './key-text.js'

/** What stands in the place of a secret. */
export const HIDDEN = '(hidden)'

/**
 * Returns a value as it may appear in an error: quoted, control and formatting characters escaped,
 * cut after 80 characters. Text that may hold a key is left out, because users paste private keys
 * into other fields.
 */
export function quote(value: unknown): string {
  if (typeof value !== 'string') return value === null ? 'null' : `a value of type ${typeof value}`
  if (mayHoldKey(value.slice(0, CUT + REACH))) return '(text with a key in it, hidden)'
  const text = value.length > CUT ? `${value.slice(0, CUT)}…` : value
  const json = JSON.stringify(text).replaceAll(JSON_BYTE, (escape, hex?: string) =>
    hex === undefined ? escape : `\\x${hex}`,
  )
  return escapeUnprintable(json)
}

/**
 * Returns a text that came from outside, such as an argument, a name or a line of a file, as it may
 * appear on a terminal: on one line, with `\u{1b}` in the place of each character that controls the
 * terminal, changes the direction of the text, or cannot be seen. A byte that is not UTF-8 is
 * `\xe9`, if the text holds it as a lone surrogate from U+DC80 to U+DCFF.
 */
export function escapeUnprintable(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : text.replaceAll(UNPRINTABLE, escapeCharacter)
}

/**
 * Returns whether a text has a key in it, or what is left of one: base64 or 64 hexadecimal digits
 * with a few characters missing or wrong, without padding, in the alphabet of URLs,
 * percent-encoded, or inside another text. It misses fewer than one key in a million. Hashes of 256
 * bits pass for keys, and so do some long names in mixed case that are full of abbreviations.
 */
export function mayHoldKey(text: string): boolean {
  return findKeys(text).length > 0
}

/**
 * Returns a text that others have composed, such as the output of a program, with `(hidden)` in the
 * place of what may be keys.
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
// A key that begins before the cut ends within so many characters of it, percent-encoded too.
const REACH = 200
const PRINTABLE_ASCII = /^[ -~]*$/
// All spaces but the ordinary one too: they pass for it, or for nothing.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/gu

// What stands for a byte, as JSON.stringify writes it. A backslash of the text is written as two.
const JSON_BYTE = /\\\\|\\udc([89a-f][0-9a-f])/g

const ESCAPES: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
}

function escapeCharacter(character: string): string {
  const known = ESCAPES[character]
  if (known !== undefined) return known
  const code = character.codePointAt(0)!
  const isByte = code >= 0xdc80 && code <= 0xdcff
  return isByte ? `\\x${(code - 0xdc00).toString(16)}` : `\\u{${code.toString(16)}}`
}

interface Stretch {
  readonly start: number
  end: number
}

// Of the 43 characters that a key has in base64, without its padding: some may be missing or wrong.
const SHORTEST = 32
// How often something else may come between them.
const MOST_GAPS = 3
// Words weigh less, however they are strung together. Names like `aNameOfManyWords` have no odd
// pairs (see `isOdd`), and neither have a few keys: without them, it takes more.
const LEAST_WEIGHT = -12
const LEAST_WEIGHT_WITHOUT_ODD = 4

// A key has 64 hexadecimal digits. Each counts 1, and what interrupts them counts against them, so
// that the groups of addresses and UUIDs never come near, and neither does a hash of 160 bits. A
// key has decimal digits and letters.
const LEAST_DIGITS = 42
const INTERRUPTION = 5

/** What was counted before a character. */
interface Count {
  readonly start: number
  /** Includes the pair that this character makes with the one before it. */
  readonly weight: number
  readonly odd: number
  readonly gaps: number
  readonly upper: number
  readonly lower: number
}

/** Where a text has keys, in order, each with the rest of the word that it is in. */
function findKeys(text: string): readonly Stretch[] {
  if (text.length < SHORTEST) return []
  let found: readonly Stretch[] = []
  // Those with fewer gaps first: a stretch with more may be a whole key and the words beside it.
  for (const candidates of candidatesByGaps(text)) {
    const more = candidates.filter((candidate) => addsToKeys(candidate, found, text))
    if (more.length === 0) continue
    found = wholeWords(
      [...found, ...more].toSorted((a, b) => a.start - b.start),
      text,
    )
  }
  return found
}

/**
 * The stretches of a text that may be keys, in order and overlapping; by how many gaps they have.
 */
function candidatesByGaps(text: string): readonly Stretch[][] {
  const candidates = Array.from({ length: MOST_GAPS + 1 }, (): Stretch[] => [])
  // One for each character that base64 has.
  const counts: Count[] = []
  let [weight, odd, gaps, upper, lower] = [0, 0, 0, 0, 0]
  let [digits, mostDigits, digitsStart, decimals, letters] = [0, 0, 0, 0, 0]
  let [previous, previousKind] = [0, OTHER]
  for (let at = 0, end; at < text.length; at = end) {
    end = at + (isEncoded(text, at) ? 3 : 1)
    const code = end === at + 1 ? text.charCodeAt(at) : Number.parseInt(text.slice(at + 1, end), 16)
    const kind = kindOf(code)
    if (digits === 0) [mostDigits, digitsStart, decimals, letters] = [LEAST_DIGITS - 1, at, 0, 0]
    if (isHexDigit(code)) {
      digits++
      if (kind === DIGIT) decimals++
      else letters++
    } else digits = Math.max(0, digits - (isHexDigit(previous) ? INTERRUPTION : 1))
    if (digits > mostDigits && decimals > 2 && letters > 2) {
      mostDigits = digits
      candidates[0]!.push({ start: digitsStart, end })
    }
    if (kind === OTHER) {
      if (code === EQUALS && isKeyText(text.slice(Math.max(0, end - 44), end))) {
        candidates[0]!.push({ start: end - 44, end })
      }
      if (previousKind !== OTHER) gaps++
    } else {
      weight += weigh(previousKind, previous, kind, code)
      if (isOdd(previousKind, kind)) odd++
      counts.push({ start: at, weight, odd, gaps, upper, lower })
      if (kind === UPPER) upper++
      if (kind === LOWER) lower++
      const first = counts[counts.length - SHORTEST]
      if (first !== undefined && isKey(first, { weight, odd, gaps, upper, lower })) {
        candidates[gaps - first.gaps]!.push({ start: first.start, end })
      }
    }
    ;[previous, previousKind] = [code, kind]
  }
  return candidates
}

/** Whether {@link SHORTEST} characters of base64 are of a key. */
function isKey(first: Count, last: Omit<Count, 'start'>): boolean {
  const least = last.odd - first.odd < 2 ? LEAST_WEIGHT_WITHOUT_ODD : LEAST_WEIGHT
  return (
    last.weight - first.weight >= least &&
    last.gaps - first.gaps <= MOST_GAPS &&
    // Hashes and UUIDs have letters of one case.
    last.upper - first.upper >= 2 &&
    last.lower - first.lower >= 2
  )
}

/**
 * Whether so much of a stretch is outside of the keys found so far that it is no word beside one.
 */
function addsToKeys(stretch: Stretch, keys: readonly Stretch[], text: string): boolean {
  let { start } = stretch
  for (let i = indexBehind(start, keys); i < keys.length; i++) {
    const key = keys[i]!
    if (key.start >= stretch.end) break
    if (LONG_WORD.test(text.slice(start, key.start))) return true
    start = key.end
  }
  return start === stretch.start || LONG_WORD.test(text.slice(start, stretch.end))
}

/** The index of the first of the keys, which are in order, that ends behind a place. */
function indexBehind(place: number, keys: readonly Stretch[]): number {
  let [low, high] = [0, keys.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keys[middle]!.end <= place) low = middle + 1
    else high = middle
  }
  return low
}

/** Stretches in order, each with the rest of the words at its ends; those that meet are joined. */
function wholeWords(stretches: readonly Stretch[], text: string): readonly Stretch[] {
  const joined: Stretch[] = []
  for (let { start, end } of stretches) {
    const last = joined.at(-1)
    if (last !== undefined && end <= last.end) continue
    while (start > 0 && WORD.test(text[start - 1]!)) start--
    while (end < text.length && WORD.test(text[end]!)) end++
    while (text[end] === '=') end++
    if (last === undefined || start > last.end) joined.push({ start, end })
    else last.end = end
  }
  return joined
}

const WORD = /[A-Za-z0-9+/_%-]/
const LONG_WORD = /[A-Za-z0-9+/_%-]{11}/
const EQUALS = 61

/** Whether a character of `%41` begins here. */
function isEncoded(text: string, at: number): boolean {
  return text[at] === '%' && /^[0-9A-Fa-f]{2}$/.test(text.slice(at + 1, at + 3))
}

const LOWER = 0
const UPPER = 1
const DIGIT = 2
const SIGN = 3
const SLASH = 4
const OTHER = 5

/** What a character is in the base64 alphabets of RFC 4648. */
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
 * Two capital letters, or a digit with a letter: what names like `aNameOfManyWords` do not have.
 */
function isOdd(kind: number, next: number): boolean {
  return kind === next ? kind === UPPER : kind <= DIGIT && next <= DIGIT && kind + next > 1
}

/**
 * How much more often a pair of characters occurs in keys than in paths, names and sentences: about
 * the natural logarithm of the ratio, counted in 400,000 paths of files.
 */
function weigh(kind: number, code: number, nextKind: number, next: number): number {
  if (kind === OTHER) return -2
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

// The letters that often follow a, b, c ... in words: four fifths of all pairs.
const FOLLOWERS =
  'bcdgiklmnprstuy aeiloru aehiklorstu abeiors abcdefglmnprstvx aeilo aeior aeio abcdefglmnoprstv  aei adeilostuy aeilop acdegiost bcdglmnoprstuw aehiloprsty u acdeikmostuy acehimopstuy acehiloprstuy abdilmnprst aei aei  acnpst '.split(
    ' ',
  )
