/**
 * Returns whether a text is a WireGuard key: 44 characters of canonical base64 (32 bytes, one `=`,
 * unused bits zero).
 */
export function isKeyText(text: string): boolean {
  if (text.length !== LENGTH || text.charCodeAt(LENGTH - 1) !== EQUALS) return false
  // This takes a quarter of the time of a regular expression. Devices have tens of thousands of
  // keys.
  let all = 0
  for (let i = 0; i < LENGTH - 2; i++) all |= VALUES[text.charCodeAt(i)] ?? -1
  const last = VALUES[text.charCodeAt(LENGTH - 2)] ?? -1
  // 42 characters hold 252 bits; the 43rd holds the last four and two zero bits.
  return all >= 0 && last >= 0 && (last & 3) === 0
}

const LENGTH = 44
const EQUALS = 61

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The value of each base64 character by its code; -1 for any other character. */
const VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i
