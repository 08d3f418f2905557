import { invalid, quote } from './errors.js'
import { formatIP, parseIP } from './ip.js'

/**
 * A range of addresses that belongs to a peer, as canonical `address/length` with the host bits cleared: `10.0.0.0/24`,
 * `fd00::/64`.
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
 * Reads `address/length`; without a length it is one address (`/32` or `/128`). Host bits are cleared.
 *
 * @throws WireGuardError `EINVAL` when the address or the length is not acceptable
 */
export function parseAllowedIP(text: string): AllowedIPBytes {
  if (typeof text !== 'string') throw invalid(`allowed ip: expected a string, got ${quote(text)}`)
  const slash = text.indexOf('/')
  const address = parseIP(slash < 0 ? text : text.slice(0, slash))
  if (address === undefined) {
    throw invalid(`allowed ip ${quote(text)}: expected an IPv4 or IPv6 address and a prefix length`)
  }
  const bits = address.byteLength * 8
  if (slash < 0) return { address, prefixLength: bits }
  const digits = text.slice(slash + 1)
  if (!/^(0|[1-9][0-9]*)$/.test(digits)) {
    throw invalid(
      `allowed ip ${quote(text)}: expected a prefix length of 0 to ${bits} after the slash`,
    )
  }
  const prefixLength = Number(digits)
  if (prefixLength > bits) throw invalid(`allowed ip ${quote(text)}: prefix length exceeds ${bits}`)
  clearHostBits(address, prefixLength)
  return { address, prefixLength }
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
  clearHostBits(masked, prefixLength)
  return `${formatIP(masked)}/${prefixLength}`
}

/**
 * The canonical text of a range given in any spelling.
 *
 * @throws WireGuardError `EINVAL` as {@link parseAllowedIP}
 */
export function canonicalAllowedIP(text: string): AllowedIP {
  const { address, prefixLength } = parseAllowedIP(text)
  return `${formatIP(address)}/${prefixLength}`
}

function clearHostBits(address: Uint8Array, prefixLength: number): void {
  const whole = prefixLength >> 3
  if (whole >= address.byteLength) return
  address[whole] = address[whole]! & (0xff00 >> (prefixLength & 7))
  address.fill(0, whole + 1)
}
