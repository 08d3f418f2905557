import { invalid } from './errors.js'
import { quote } from './quote.js'

/** An IP version. The backends know the numbers that the wire has for it. */
export type IPFamily = 4 | 6

/**
 * Reads an IPv4 address in dotted decimal: exactly four numbers of 0 to 255 without leading zeros,
 * as inet_pton(3) accepts it. Returns its bytes, or `undefined` for anything else.
 */
export function parseIPv4(text: string): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined
  const bytes = new Uint8Array(4)
  return readIPv4(text, 0, text.length, bytes, 0) ? bytes : undefined
}

/**
 * Reads an IPv6 address (RFC 4291, section 2.2) without a zone, as inet_pton(3) accepts it. Returns
 * its bytes, or `undefined` for anything else.
 */
export function parseIPv6(text: string): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined
  const bytes = new Uint8Array(16)
  return readIPv6(text, text.length, bytes) ? bytes : undefined
}

/**
 * Reads an IPv4 or IPv6 address without a zone. Returns its 4 or 16 bytes, or `undefined` for
 * anything else.
 *
 * @example
 * ```ts
 * parseIP('192.0.2.1') // Uint8Array [192, 0, 2, 1]
 * parseIP('example.com') // undefined
 * ```
 */
export function parseIP(text: string): Uint8Array | undefined {
  return typeof text === 'string' && text.includes(':') ? parseIPv6(text) : parseIPv4(text)
}

/**
 * Reads the address in the first `end` characters, without a zone, into the beginning of 16 bytes.
 * Returns its length, 4 or 16, or 0 when it is not an address.
 */
export function readIP(text: string, end: number, bytes: Uint8Array): number {
  if (readIPv4(text, 0, end, bytes, 0)) return 4
  return readIPv6(text, end, bytes) ? 16 : 0
}

/**
 * Returns the canonical text of 4 or 16 bytes as glibc's inet_ntop(3) writes it: RFC 5952, with
 * dotted decimal at the end of both mapped (`::ffff:1.2.3.4`) and compatible (`::1.2.3.4`)
 * addresses.
 *
 * @example
 * ```ts
 * formatIP(Uint8Array.of(192, 0, 2, 1)) // '192.0.2.1'
 * ```
 *
 * @throws WireGuardError `EINVAL` for any other length, and when the bytes are not inside the array
 */
export function formatIP(
  bytes: Uint8Array,
  offset = 0,
  length = bytes.byteLength - offset,
): string {
  if (!(Number.isInteger(offset) && offset >= 0 && offset + length <= bytes.byteLength)) {
    throw invalid(`ip address: expected ${length} bytes inside the array`)
  }
  if (length === 4) return TEXT.toString('latin1', 0, writeIPv4(TEXT, 0, bytes, offset))
  if (length === 16) return TEXT.toString('latin1', 0, writeIPv6(TEXT, bytes, offset))
  throw invalid(`ip address: expected 4 or 16 bytes, got ${length}`)
}

/**
 * Returns the canonical text of an IP address without a zone.
 *
 * @example
 * ```ts
 * canonicalIP('2001:DB8:0::1') // '2001:db8::1'
 * ```
 *
 * @throws WireGuardError `EINVAL` for anything else
 */
export function canonicalIP(text: string): string {
  const length = typeof text === 'string' ? readIP(text, text.length, ADDRESS) : 0
  if (length === 0) throw invalid(`ip address ${quote(text)}: expected IPv4 or IPv6`)
  return isCanonical(text, text.length, ADDRESS, length) ? text : formatIP(ADDRESS, 0, length)
}

/**
 * Returns whether the first `end` characters, which were read as these 4 or 16 bytes, are their
 * canonical text.
 */
export function isCanonical(text: string, end: number, bytes: Uint8Array, length: number): boolean {
  // Only one spelling of an IPv4 address is accepted.
  if (length === 4) return true
  if (writeIPv6(TEXT, bytes, 0) !== end) return false
  for (let i = 0; i < end; i++) {
    if (text.charCodeAt(i) !== TEXT[i]) return false
  }
  return true
}

const COLON = 58
const DOT = 46
const ZERO = 48
const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))

// Reused, because devices have tens of thousands of addresses. Their content is valid during one
// call only.
const ADDRESS = new Uint8Array(16)
const TEXT = Buffer.alloc(45)

/** Reads dotted decimal from `start` to `end` into `bytes`. Returns false for anything else. */
function readIPv4(
  text: string,
  start: number,
  end: number,
  bytes: Uint8Array,
  at: number,
): boolean {
  let octets = 0
  let value = -1
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code >= 48 && code <= 57) {
      // Some programs read a number with a leading zero as octal.
      if (value === 0) return false
      value = value < 0 ? code - 48 : value * 10 + code - 48
      if (value > 255) return false
    } else {
      if (code !== DOT || value < 0 || octets === 3) return false
      bytes[at + octets++] = value
      value = -1
    }
  }
  if (value < 0 || octets !== 3) return false
  bytes[at + 3] = value
  return true
}

function readIPv6(text: string, end: number, bytes: Uint8Array): boolean {
  if (end < 2 || end > 45) return false
  let at = 0
  let gap = text.charCodeAt(0) === COLON && text.charCodeAt(1) === COLON ? 0 : -1
  let i = gap < 0 ? 0 : 2
  while (i < end) {
    const start = i
    let value = 0
    for (let digit; i < end && (digit = hexDigit(text.charCodeAt(i))) >= 0; i++) {
      value = (value << 4) | digit
    }
    if (i < end && text.charCodeAt(i) === DOT) {
      // Dotted decimal may only come last.
      if (at > 12 || !readIPv4(text, start, end, bytes, at)) return false
      at += 4
      break
    }
    if (i === start || i - start > 4 || at > 14) return false
    bytes[at++] = value >> 8
    bytes[at++] = value & 255
    if (i === end) break
    if (text.charCodeAt(i++) !== COLON || i === end) return false
    if (text.charCodeAt(i) === COLON) {
      if (gap >= 0) return false
      gap = at
      i++
    }
  }
  if (gap < 0) return at === 16
  // '::' stands for at least one group.
  if (at > 14) return false
  for (let to = 15; to >= gap; to--) bytes[to] = at > gap ? bytes[--at]! : 0
  return true
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** Writes dotted decimal at `end` and returns the new end. */
function writeIPv4(text: Uint8Array, end: number, bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 4; i++) {
    const octet = bytes[at + i]!
    if (i > 0) text[end++] = DOT
    if (octet >= 100) text[end++] = ZERO + Math.trunc(octet / 100)
    if (octet >= 10) text[end++] = ZERO + (Math.trunc(octet / 10) % 10)
    text[end++] = ZERO + (octet % 10)
  }
  return end
}

/** Writes the text from index 0 and returns its end. */
function writeIPv6(text: Uint8Array, bytes: Uint8Array, at: number): number {
  // The longest run of at least two zero groups; of equally long ones the first.
  let runStart = -1
  let runLength = 1
  for (let i = 0; i < 8; i++) {
    let length = 0
    while (i + length < 8 && group(bytes, at, i + length) === 0) length++
    if (length > runLength) {
      runStart = i
      runLength = length
    }
    if (length > 0) i += length
  }
  const dotted =
    runStart === 0 && (runLength === 6 || (runLength === 5 && group(bytes, at, 5) === 0xffff))
  const groups = dotted ? 6 : 8
  let end = 0
  for (let i = 0; i < groups; i++) {
    if (i === runStart) {
      if (i === 0) text[end++] = COLON
      text[end++] = COLON
      i += runLength - 1
    } else {
      end = writeGroup(text, end, group(bytes, at, i))
      if (i < 7) text[end++] = COLON
    }
  }
  return dotted ? writeIPv4(text, end, bytes, at + 12) : end
}

function writeGroup(text: Uint8Array, end: number, value: number): number {
  if (value >= 0x1000) text[end++] = HEX[value >> 12]!
  if (value >= 0x100) text[end++] = HEX[(value >> 8) & 15]!
  if (value >= 0x10) text[end++] = HEX[(value >> 4) & 15]!
  text[end++] = HEX[value & 15]!
  return end
}

function group(bytes: Uint8Array, at: number, i: number): number {
  return (bytes[at + 2 * i]! << 8) | bytes[at + 2 * i + 1]!
}
