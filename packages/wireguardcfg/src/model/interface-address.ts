import { invalid, type WireGuardError } from './errors.js'
import { formatIP, parseIP } from './ip.js'
import { quote } from './quote.js'

/** An address of an interface, with the length of its network. */
export interface LinkAddress {
  /** 4 or 16 bytes. */
  readonly local: Uint8Array
  /** Bits, 0 to 32 or 128. */
  readonly prefixLength: number
}

/**
 * Parses the address of an interface, `10.7.0.1/24` or `fd00::1/64`. Unlike an allowed IP, it keeps
 * its host bits. Without a prefix length it is a single address, `/32` or `/128`.
 *
 * @throws WireGuardError `EINVAL`
 *
 * @example
 * ```ts
 * const address = parseInterfaceAddress('10.7.0.1/24')
 * address.prefixLength // 24
 * ```
 */
export function parseInterfaceAddress(text: string): LinkAddress {
  const { local, prefixLength } = splitPrefix(
    text,
    'an IPv4 or IPv6 address and a prefix length',
    refused,
  )
  // The kernel accepts 0.0.0.0 and does nothing.
  if (local.every((byte) => byte === 0))
    throw refused(`${quote(text)}: expected an address other than zero`)
  return { local, prefixLength }
}

/**
 * Parses an address and the length of its prefix. Without a length it is a single address.
 *
 * @param expected what should be there, for the error
 * @param refuse makes the error
 */
export function splitPrefix(
  text: unknown,
  expected: string,
  refuse: (summary: string) => Error,
): LinkAddress {
  if (typeof text !== 'string') throw refuse(`expected a string, got ${quote(text)}`)
  const slash = text.indexOf('/')
  const local = parseIP(slash < 0 ? text : text.slice(0, slash))
  if (local === undefined) {
    throw refuse(`${quote(text)}: expected ${expected}`)
  }
  const bits = local.length * 8
  const length = slash < 0 ? String(bits) : text.slice(slash + 1)
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(length) || Number(length) > bits) {
    throw refuse(`${quote(text)}: expected a prefix length of 0 to ${bits} after the slash`)
  }
  return { local, prefixLength: Number(length) }
}

/**
 * Returns the canonical text of an interface address, always with its prefix length. The IP address
 * has the form that inet_ntop(3) of glibc writes.
 *
 * @example
 * ```ts
 * formatInterfaceAddress(parseInterfaceAddress('10.7.0.1')) // '10.7.0.1/32'
 * ```
 */
export function formatInterfaceAddress({ local, prefixLength }: LinkAddress): string {
  return `${formatIP(local)}/${prefixLength}`
}

/**
 * Returns the canonical text of an interface address in any spelling.
 *
 * @throws WireGuardError `EINVAL`
 */
export function canonicalInterfaceAddress(text: string): string {
  return formatInterfaceAddress(parseInterfaceAddress(text))
}

/** Returns whether an address in canonical text is in fe80::/10, where the kernel makes its own. */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/.test(address)
}

function refused(summary: string): WireGuardError {
  return invalid(`interface address: ${summary}`)
}
