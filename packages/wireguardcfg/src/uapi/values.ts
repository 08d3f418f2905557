import { KEY_LENGTH } from '../model/key.js'

/**
 * Reads an unsigned decimal number of at most 20 digits, as many as 64 bits need. Above 2^53 it
 * returns the nearest number. Returns NaN for anything else.
 */
export function readInteger(bytes: Buffer, start: number, end: number): number {
  let value = end > start && end - start <= 20 ? 0 : Number.NaN
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - ZERO
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN
  }
  return value > Number.MAX_SAFE_INTEGER ? Number(bytes.toString('latin1', start, end)) : value
}

/**
 * Decodes a key of 64 hexadecimal digits into `target`. For anything else, clears `target` and
 * returns false. It creates no string and no small buffer, because a secret would stay in memory
 * that others share.
 */
export function readKey(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
): boolean {
  let bad = end - start === 2 * KEY_LENGTH ? 0 : -1
  for (let i = 0; bad === 0 && i < KEY_LENGTH; i++) {
    const high = HEX_DIGITS[bytes[start + 2 * i]!]!
    const low = HEX_DIGITS[bytes[start + 2 * i + 1]!]!
    bad = (high | low) >> 8
    target[i] = (high << 4) | low
  }
  if (bad !== 0) target.fill(0)
  return bad === 0
}

/**
 * Joins two arrays that may hold secrets. Not Buffer.concat, whose small results lie in the pool
 * that the whole process shares.
 */
export function joinBytes(first: Uint8Array, second: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafeSlow(first.byteLength + second.byteLength)
  bytes.set(first)
  bytes.set(second, first.byteLength)
  return bytes
}

const ZERO = 48

/** The value of each hexadecimal digit by its code; -1 for any other character. */
const HEX_DIGITS = Int8Array.from({ length: 256 }, (_, code) => {
  const digit = String.fromCharCode(code)
  return /[0-9A-Fa-f]/.test(digit) ? Number.parseInt(digit, 16) : -1
})
