import { invalid, quote } from './errors.js'
import { formatIP, isSpelled, readIP } from './ip.js'

/**
 * A range of addresses that belongs to a peer, as canonical `address/length` with the host bits
 * cleared: `10.0.0.0/24`, `fd00::/64`.
 */
export type AllowedIP = string

/** The bytes behind an {@link AllowedIP}. */
export interface AllowedIPBytes {
  /** 4 or 16 bytes in network order, host bits cleared. */
  readonly address: Uint8Array
  /** 0 to 32, or 0 to 128. */
  readonly prefixLength: number
}

/**
 * Reads `address/length`; without a length it is one address (`/32` or `/128`). Host bits are
 * cleared.
 *
 * @throws WireGuardError `EINVAL` when the address or the length is not acceptable
 */
export function parseAllowedIP(text: string): AllowedIPBytes {
  const { address, length, prefixLength } = readAllowedIP(text)
  return { address: address.slice(0, length), prefixLength }
}

/**
 * The canonical text of a range.
 *
 * @throws WireGuardError `EINVAL` when the address has not 4 or 16 bytes or the length exceeds them
 */
export function formatAllowedIP({ address, prefixLength }: AllowedIPBytes): AllowedIP {
  const bits = address.byteLength * 8
  if (!(Number.isInteger(prefixLength) && prefixLength >= 0 && prefixLength <= bits)) {
    throw invalid(`allowed ip: expected a prefix length of 0 to ${bits}`)
  }
  const masked = Uint8Array.from(address)
  clearHostBits(masked, masked.byteLength, prefixLength)
  return `${formatIP(masked)}/${prefixLength}`
}

/**
 * The canonical text of a range given in any spelling.
 *
 * @throws WireGuardError `EINVAL` as {@link parseAllowedIP}
 */
export function canonicalAllowedIP(text: string): AllowedIP {
  const { address, addressEnd, length, prefixLength, cleared } = readAllowedIP(text)
  // Most are canonical already: a device has tens of thousands of them.
  if (addressEnd < text.length && !cleared && isSpelled(text, addressEnd, address, length)) {
    return text
  }
  return `${formatIP(address, 0, length)}/${prefixLength}`
}

/** A range as {@link readAllowedIP} found it. */
export interface AllowedIPReading {
  /** 16 bytes, which begin with those of the address; host bits cleared. */
  readonly address: Uint8Array
  /** 4 or 16. */
  readonly length: number
  /** In bits. */
  readonly prefixLength: number
  /** Where the text of the address ends. */
  readonly addressEnd: number
  /** Whether there were host bits. */
  readonly cleared: boolean
}

/**
 * {@link parseAllowedIP} without garbage: devices have tens of thousands of ranges. Valid until the
 * next call.
 *
 * @throws WireGuardError `EINVAL` as {@link parseAllowedIP}
 */
export function readAllowedIP(text: string): AllowedIPReading {
  if (typeof text !== 'string') throw invalid(`allowed ip: expected a string, got ${quote(text)}`)
  const slash = text.indexOf('/')
  range.addressEnd = slash < 0 ? text.length : slash
  range.length = readIP(text, range.addressEnd, range.address)
  if (range.length === 0) {
    throw invalid(`allowed ip ${quote(text)}: expected an IPv4 or IPv6 address and a prefix length`)
  }
  const bits = range.length * 8
  range.prefixLength = slash < 0 ? bits : readPrefixLength(text, slash + 1)
  if (Number.isNaN(range.prefixLength)) {
    throw invalid(
      `allowed ip ${quote(text)}: expected a prefix length of 0 to ${bits} after the slash`,
    )
  }
  if (range.prefixLength > bits) {
    throw invalid(`allowed ip ${quote(text)}: prefix length exceeds ${bits}`)
  }
  range.cleared = clearHostBits(range.address, range.length, range.prefixLength)
  return range
}

/** Used again for every range. */
const range: { -readonly [Name in keyof AllowedIPReading]: AllowedIPReading[Name] } = {
  address: new Uint8Array(16),
  length: 0,
  prefixLength: 0,
  addressEnd: 0,
  cleared: false,
}

/** The decimal digits up to the end, without leading zeros; NaN when there is anything else. */
function readPrefixLength(text: string, start: number): number {
  if (start === text.length) return Number.NaN
  if (text.charCodeAt(start) === 48 && start + 1 < text.length) return Number.NaN
  let value = 0
  for (let i = start; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN
  }
  return value
}

/** Clears all bits behind the prefix; true when one of them was set. */
function clearHostBits(address: Uint8Array, length: number, prefixLength: number): boolean {
  const whole = prefixLength >> 3
  if (whole >= length) return false
  const mask = 0xff >> (prefixLength & 7)
  let cleared = address[whole]! & mask
  address[whole] = address[whole]! & ~mask
  for (let i = whole + 1; i < length; i++) {
    cleared |= address[i]!
    address[i] = 0
  }
  return cleared !== 0
}
