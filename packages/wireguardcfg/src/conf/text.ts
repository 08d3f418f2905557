/**
 * U+FEFF at the start of a file, which some Windows editors write. wg(8) reads it as part of the
 * first line and refuses that line.
 */
export const BYTE_ORDER_MARK = '\uFEFF'

/**
 * White space as in wg(8) and wg-quick(8): what isspace(3) accepts in the C locale. Not `\s`, which
 * also matches no-break spaces and the byte order mark.
 */
const WHITE_SPACE = /[ \t\n\v\f\r]+/g

/** Returns the text without any white space, also inside it, because wg(8) reads `5 5` as `55`. */
export function squeeze(text: string): string {
  return text.replaceAll(WHITE_SPACE, '')
}

/** Returns the index after the white space at `start`; the text's length if nothing follows. */
export function skipSpace(text: string, start: number): number {
  let at = start
  while (at < text.length && isSpaceCode(text.charCodeAt(at))) at++
  return at
}

function isSpaceCode(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13)
}

/** Returns the text without white space at its ends, as wg-quick(8) reads keys and values. */
export function trim(text: string): string {
  const start = skipSpace(text, 0)
  let end = text.length
  while (end > start && isSpaceCode(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

/** Splits a text at white space and commas, as wg-quick(8) splits `Address` and `DNS`. */
export function words(text: string): string[] {
  return text.split(/[ \t\n\v\f\r,]+/).filter((word) => word !== '')
}

/**
 * Converts ASCII letters to lower case. `toLowerCase` also converts the Kelvin sign to `k`, but
 * wg(8) compares bytes.
 */
export function foldCase(text: string): string {
  // oxlint-disable-next-line no-control-regex -- this is what ASCII is
  if (/^[\0-\x7f]*$/.test(text)) return text.toLowerCase()
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
