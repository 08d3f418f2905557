import { invalid } from './errors.js'
import { quote } from './quote.js'
import { formatIP, isCanonical, readIP } from './ip.js'

/**
 * An allowed IP of a peer: an IPv4 or IPv6 prefix as canonical `address/length` with the host bits
 * cleared, such as `10.0.0.0/24` or `fd00::/64`.
 */
export type AllowedIP = string

/** An {@link AllowedIP} in bytes. */
export interface AllowedIPBytes {
  /** 4 or 16 bytes in network order, host bits cleared. */
  readonly address: Uint8Array
  /** 0 to 32, or 0 to 128. */
  readonly prefixLength: number
}

/**
 * Reads `address/length`. Without a length the text stands for one address (`/32` or `/128`). Host
 * bits are cleared.
 *
 * @example
 * ```ts
 * parseAllowedIP('10.0.0.7/24') // { address: Uint8Array [10, 0, 0, 0], prefixLength: 24 }
 * ```
 *
 * @throws WireGuardError `EINVAL` when the address or the length is invalid
 */
export function parseAllowedIP(text: string): AllowedIPBytes {
  const { address, length, prefixLength } = readAllowedIP(text)
  return { address: address.slice(0, length), prefixLength }
}

/**
 * Returns the canonical text of an allowed IP. Host bits are cleared.
 *
 * @example
 * ```ts
 * formatAllowedIP({ address: Uint8Array.of(10, 0, 0, 7), prefixLength: 24 }) // '10.0.0.0/24'
 * ```
 *
 * @throws WireGuardError `EINVAL` when the address does not have 4 or 16 bytes, or the prefix
 * length exceeds them
 */
export function formatAllowedIP({ address, prefixLength }: AllowedIPBytes): AllowedIP {
  if (address.byteLength !== 4 && address.byteLength !== 16) {
    throw invalid('allowed ip: expected an address of 4 or 16 bytes')
  }
  const bits = address.byteLength * 8
  if (!(Number.isInteger(prefixLength) && prefixLength >= 0 && prefixLength <= bits)) {
    throw invalid(`allowed ip: expected a prefix length of 0 to ${bits}`)
  }
  const masked = Uint8Array.from(address)
  clearHostBits(masked, masked.byteLength, prefixLength)
  return `${formatIP(masked)}/${prefixLength}`
}

/**
 * Returns the canonical text of an allowed IP in any spelling.
 *
 * @example
 * ```ts
 * canonicalAllowedIP('10.0.0.7/24') // '10.0.0.0/24'
 * canonicalAllowedIP('FD00::1') // 'fd00::1/128'
 * ```
 *
 * @throws WireGuardError `EINVAL` as {@link parseAllowedIP}
 */
export function canonicalAllowedIP(text: string): AllowedIP {
  const { address, addressEnd, length, prefixLength, cleared } = readAllowedIP(text)
  // Most texts are canonical already, and a device has tens of thousands of them.
  if (addressEnd < text.length && !cleared && isCanonical(text, addressEnd, address, length)) {
    return text
  }
  return `${formatIP(address, 0, length)}/${prefixLength}`
}

/** An allowed IP as {@link readAllowedIP} reads it. */
export interface AllowedIPReading {
  /** 16 bytes, of which the first `length` are the address with its host bits cleared. */
  readonly address: Uint8Array
  /** 4 or 16. */
  readonly length: number
  /** In bits. */
  readonly prefixLength: number
  /** The index at which the text of the address ends. */
  readonly addressEnd: number
  /** Whether host bits were set. */
  readonly cleared: boolean
}

/**
 * Reads as {@link parseAllowedIP} does, but allocates nothing, because devices have tens of
 * thousands of allowed IPs. The result is valid until the next call.
 *
 * @throws WireGuardError `EINVAL` as {@link parseAllowedIP}
 */
export function readAllowedIP(text: string): AllowedIPReading {
  if (typeof text !== 'string') throw invalid(`allowed ip: expected a string, got ${quote(text)}`)
  // Nothing looks at all of a text that is far too long.
  if (text.length > LONGEST) {
    throw invalid(`allowed ip ${quote(text)}: expected an address, got ${text.length} characters`)
  }
  const slash = text.indexOf('/')
  reading.addressEnd = slash < 0 ? text.length : slash
  reading.length = readIP(text, reading.addressEnd, reading.address)
  if (reading.length === 0) {
    throw invalid(`allowed ip ${quote(text)}: expected an IPv4 or IPv6 address and a prefix length`)
  }
  const bits = reading.length * 8
  reading.prefixLength = slash < 0 ? bits : readPrefixLength(text, slash + 1)
  if (Number.isNaN(reading.prefixLength)) {
    throw invalid(
      `allowed ip ${quote(text)}: expected a prefix length of 0 to ${bits} after the slash`,
    )
  }
  if (reading.prefixLength > bits) {
    throw invalid(`allowed ip ${quote(text)}: prefix length exceeds ${bits}`)
  }
  reading.cleared = clearHostBits(reading.address, reading.length, reading.prefixLength)
  return reading
}

// Far more than any address: the longest has 45 characters.
const LONGEST = 1000

/** The one result of `readAllowedIP`, reused by every call. */
const reading: { -readonly [Name in keyof AllowedIPReading]: AllowedIPReading[Name] } = {
  address: new Uint8Array(16),
  length: 0,
  prefixLength: 0,
  addressEnd: 0,
  cleared: false,
}

/** Reads decimal digits without leading zeros up to the end. Returns NaN for anything else. */
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

/** Clears all bits after the prefix. Returns whether one of them was set. */
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
