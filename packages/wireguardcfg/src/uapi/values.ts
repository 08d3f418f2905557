import { KEY_LENGTH } from '../model/key.js'

/**
 * A decimal number without sign, of at most the 20 digits of 64 bits; above 2^53 the nearest
 * number. NaN when it is anything else.
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
 * Decodes a key of 64 hexadecimal digits into `target`; false, and `target` zero, when it is
 * anything else. No text and no small buffer on the way: a secret would stay in memory that others
 * share.
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
 * Not Buffer.concat: small results of it lie in the pool that all of the process shares, and these
 * hold secrets.
 */
export function joinBytes(first: Uint8Array, second: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafeSlow(first.byteLength + second.byteLength)
  bytes.set(first)
  bytes.set(second, first.byteLength)
  return bytes
}

const ZERO = 48

/** The value of each character that is a hexadecimal digit; -1 for all others. */
const HEX_DIGITS = Int8Array.from({ length: 256 }, (_, code) => {
  const digit = String.fromCharCode(code)
  return /[0-9A-Fa-f]/.test(digit) ? Number.parseInt(digit, 16) : -1
})
