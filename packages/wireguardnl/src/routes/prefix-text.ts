import { formatIP, parseIP } from 'wireguardcfg'
import { invalid, quote, splitPrefix } from 'wireguardcfg/internal'
import type { Prefix } from '../route/prefix.js'

/**
 * Parses a network, `10.0.0.0/8` or `fd00::/8`. Without a length it is a single address.
 *
 * @throws WireGuardError `EINVAL` with the `path`, also when bits behind the length are set, which
 * the kernel refuses
 */
export function parsePrefix(text: unknown, path: string): Prefix {
  const { local: address, prefixLength: length } = splitPrefix(
    text,
    'an IPv4 or IPv6 network, as 10.0.0.0/8',
    (summary) => refused(path, summary),
  )
  const masked = address.map(
    (byte, i) => byte & ~(0xff >> Math.min(8, Math.max(0, length - 8 * i))),
  )
  if (masked.some((byte, i) => byte !== address[i])) {
    const network = formatPrefix({ address: masked, length })
    throw refused(path, `${quote(text)} is an address in a network: expected ${network}`)
  }
  return { address, length }
}

/** Returns the canonical text of a network, always with its length. */
export function formatPrefix({ address, length }: Prefix): string {
  return `${formatIP(address)}/${length}`
}

/** Parses an address without a prefix length. @throws WireGuardError `EINVAL` with the `path` */
export function parseAddress(text: unknown, path: string): Uint8Array {
  const address = typeof text === 'string' ? parseIP(text) : undefined
  if (address === undefined) {
    throw refused(path, `${quote(text)}: expected an IPv4 or IPv6 address`)
  }
  return address
}

function refused(path: string, summary: string): Error {
  return invalid(summary, { path })
}
