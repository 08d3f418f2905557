import { type AllowedIP, canonicalAllowedIP } from '../../model/allowed-ip.js'
import type { Endpoint } from '../../model/endpoint.js'
import { isWireGuardError } from '../../model/errors.js'
import { canonicalIP, parseIPv4, parseIPv6 } from '../../model/ip.js'

/**
 * Reads what Go's `netip.ParseAddrPort` accepts: `address:port` for IPv4, and `[address]:port` for
 * IPv6, with any zone. Returns `undefined` for anything else.
 */
export function parseAddrPort(text: string): Endpoint | undefined {
  const match = /^(?:\[(.*)\]|([^[].*)):([0-9]+)$/s.exec(text)
  if (match === null) return undefined
  const [, bracketed, bare, digits] = match
  const port = Number(digits)
  if (port > 65_535) return undefined
  if (bare !== undefined) {
    return parseIPv4(bare) === undefined ? undefined : { host: bare, port }
  }
  const [, address, zone] = /^([^%]*)(%.+)?$/s.exec(bracketed!) ?? []
  if (address === undefined || parseIPv6(address) === undefined) return undefined
  return { host: canonicalIP(address) + (zone ?? ''), port }
}

/**
 * Reads what Go's `netip.ParsePrefix` accepts: `address/length`, where the length is mandatory.
 * Returns the model's canonical text, or `undefined` for anything else.
 */
export function parsePrefix(text: string): AllowedIP | undefined {
  if (!text.includes('/')) return undefined
  try {
    return canonicalAllowedIP(text)
  } catch (error) {
    if (isWireGuardError(error)) return undefined
    throw error
  }
}

/**
 * Returns the text that Go's `netip` prints for a canonical address or allowed IP. It differs from
 * inet_ntop(3) in one case: `::1.2.3.4` is `::102:304`.
 */
export function formatGo(canonical: string): string {
  const match = /^::([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)/.exec(canonical)
  if (match === null) return canonical
  const [whole, a, b, c, d] = match
  return `::${group(a, b)}:${group(c, d)}${canonical.slice(whole.length)}`
}

function group(high?: string, low?: string): string {
  return (Number(high) * 256 + Number(low)).toString(16)
}
