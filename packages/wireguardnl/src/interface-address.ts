import { formatIP, parseIP, WireGuardError } from 'wireguardcfg'
import type { LinkAddress } from './route/address.js'
import { show } from './show.js'

/**
 * Reads the address of an interface, `10.7.0.1/24` or `fd00::1/64`: unlike an allowed IP, it keeps
 * its host bits. Without a length, it is on its own, `/32` or `/128`.
 *
 * @throws WireGuardError `EINVAL`
 */
export function parseInterfaceAddress(text: string): LinkAddress {
  if (typeof text !== 'string')
    throw invalid(`expected a string, got a value of type ${typeof text}`)
  const slash = text.indexOf('/')
  const local = parseIP(slash < 0 ? text : text.slice(0, slash))
  if (local === undefined) {
    throw invalid(`${show(text)}: expected an IPv4 or IPv6 address and a prefix length`)
  }
  const bits = local.length * 8
  const length = slash < 0 ? String(bits) : text.slice(slash + 1)
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(length) || Number(length) > bits) {
    throw invalid(`${show(text)}: expected a prefix length of 0 to ${bits} after the slash`)
  }
  // The kernel takes 0.0.0.0 and does nothing.
  if (local.every((byte) => byte === 0))
    throw invalid(`${show(text)}: expected an address other than zero`)
  return { local, prefixLength: Number(length) }
}

/**
 * The canonical text of an address of an interface, always with its length: the IP address as
 * inet_ntop(3) of glibc writes it.
 */
export function formatInterfaceAddress({ local, prefixLength }: LinkAddress): string {
  return `${formatIP(local)}/${prefixLength}`
}

function invalid(summary: string): WireGuardError {
  return new WireGuardError(`interface address: ${summary}`, { code: 'EINVAL' })
}
