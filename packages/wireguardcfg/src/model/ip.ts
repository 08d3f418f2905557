import { invalid, quote } from './errors.js'

/** Address families as the model names them; the numbers of the wire live in the backends. */
export type IPFamily = 4 | 6

/**
 * The bytes of an IPv4 address in dotted decimal: exactly four numbers of 0 to 255 without leading zeros, as inet_pton(3)
 * takes it. `undefined` when it is anything else.
 */
export function parseIPv4(text: string): Uint8Array | undefined {
  if (typeof text !== 'string' || text.length > 15) return undefined
  const bytes = new Uint8Array(4)
  return readIPv4(text, 0, bytes, 0) ? bytes : undefined
}

/**
 * The bytes of an IPv6 address (RFC 4291, section 2.2), without a zone, as inet_pton(3) takes it. `undefined` when it is
 * anything else.
 */
export function parseIPv6(text: string): Uint8Array | undefined {
  if (typeof text !== 'string' || text.length < 2 || text.length > 45) return undefined
  const bytes = new Uint8Array(16)
  const end = text.length
  let at = 0
  let gap = text.startsWith('::') ? 0 : -1
  let i = gap < 0 ? 0 : 2
  while (i < end) {
    const start = i
    let value = 0
    for (let digit; i < end && (digit = hexDigit(text.charCodeAt(i))) >= 0; i++) {
      value = (value << 4) | digit
    }
    if (i < end && text.charCodeAt(i) === DOT) {
      // Dotted decimal may only be the last thing.
      if (at > 12 || !readIPv4(text, start, bytes, at)) return undefined
      at += 4
      break
    }
    if (i === start || i - start > 4 || at > 14) return undefined
    bytes[at++] = value >> 8
    bytes[at++] = value & 255
    if (i === end) break
    if (text.charCodeAt(i++) !== COLON || i === end) return undefined
    if (text.charCodeAt(i) === COLON) {
      if (gap >= 0) return undefined
      gap = at
      i++
    }
  }
  if (gap < 0) return at === 16 ? bytes : undefined
  // '::' stands for at least one group.
  if (at > 14) return undefined
  const tail = 16 - (at - gap)
  bytes.copyWithin(tail, gap, at)
  return bytes.fill(0, gap, tail)
}

/** The bytes of an IPv4 (4) or IPv6 (16) address without a zone; `undefined` when it is neither. */
export function parseIP(text: string): Uint8Array | undefined {
  return typeof text === 'string' && text.includes(':') ? parseIPv6(text) : parseIPv4(text)
}

/**
 * The canonical text of 4 or 16 bytes, as glibc's inet_ntop(3) writes it: RFC 5952, and dotted decimal at the end of both
 * mapped (`::ffff:1.2.3.4`) and compatible (`::1.2.3.4`) addresses.
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
  if (length === 4) return formatIPv4(bytes, offset)
  if (length === 16) return formatIPv6(bytes, offset)
  throw invalid(`ip address: expected 4 or 16 bytes, got ${length}`)
}

/**
 * The canonical text of an IP address without a zone.
 *
 * @throws WireGuardError `EINVAL` when it is not one
 */
export function canonicalIP(text: string): string {
  // Dotted decimal without leading zeros has one spelling only.
  const bytes = parseIP(text)
  if (bytes === undefined) throw invalid(`ip address ${quote(text)}: expected IPv4 or IPv6`)
  return bytes.byteLength === 4 ? text : formatIPv6(bytes, 0)
}

const COLON = 58
const DOT = 46

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** Writes the dotted decimal that fills the rest of the text; false when it is anything else. */
function readIPv4(text: string, start: number, bytes: Uint8Array, at: number): boolean {
  let octets = 0
  let value = -1
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 48 && code <= 57) {
      // A leading zero would be octal to some readers.
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

function formatIPv4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`
}

function formatIPv6(bytes: Uint8Array, at: number): string {
  // The longest run of zero groups, the first of equals, at least two long.
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
  if (runStart === 0 && (runLength === 6 || (runLength === 5 && group(bytes, at, 5) === 0xffff))) {
    return `${runLength === 6 ? '::' : '::ffff:'}${formatIPv4(bytes, at + 12)}`
  }
  let text = ''
  for (let i = 0; i < 8; i++) {
    if (i === runStart) {
      text += '::'
      i += runLength - 1
    } else {
      if (text !== '' && !text.endsWith(':')) text += ':'
      text += group(bytes, at, i).toString(16)
    }
  }
  return text
}

function group(bytes: Uint8Array, at: number, i: number): number {
  return (bytes[at + 2 * i]! << 8) | bytes[at + 2 * i + 1]!
}
