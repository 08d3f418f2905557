/**
 * White space as wg(8) and wg-quick(8) know it: what isspace(3) accepts in the C locale. Not `\s`,
 * which takes no-break spaces and the byte order mark as well.
 */
const WHITE_SPACE = /[ \t\n\v\f\r]+/g
const LEADING = /^[ \t\n\v\f\r]+/
const TRAILING = /[ \t\n\v\f\r]+$/

/** The text without any white space, also inside: wg(8) reads `5 5` as `55`. */
export function squeeze(text: string): string {
  return text.replaceAll(WHITE_SPACE, '')
}

/** The text without the white space at its ends, as wg-quick(8) reads keys and values. */
export function trim(text: string): string {
  // A loop from the end: the regular expression alone takes quadratic time on a long run of spaces
  // inside.
  let end = text.length
  while (end > 0 && TRAILING.test(text[end - 1]!)) end--
  return text.slice(0, end).replace(LEADING, '')
}

/** Words between white space and commas, as wg-quick(8) splits `Address` and `DNS`. */
export function words(text: string): string[] {
  return text.split(/[ \t\n\v\f\r,]+/).filter((word) => word !== '')
}

/**
 * Lower case for ASCII only: `toLowerCase` would make a `k` of the Kelvin sign, and wg(8) compares
 * bytes.
 */
export function foldCase(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
