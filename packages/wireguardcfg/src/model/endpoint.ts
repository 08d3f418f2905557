import { invalid, quote } from './errors.js'
import { formatIP, isSpelled, parseIPv4, readIP } from './ip.js'

/** Where a peer is reached over UDP. */
export interface Endpoint {
  /**
   * A literal IPv4 or IPv6 address in canonical text, without brackets. A zone is kept:
   * `fe80::1%eth0`.
   */
  readonly host: string
  /** UDP port, 0 to 65535. 0 is legal on the wire and never reachable. */
  readonly port: number
}

/**
 * Reads `address:port` or `[address]:port`. Names are not resolved at this level.
 *
 * @throws WireGuardError `EINVAL`, for a name with a hint
 */
export function parseEndpoint(text: string): Endpoint {
  if (typeof text !== 'string') throw invalid(`endpoint: expected a string, got ${quote(text)}`)
  const colon = text.lastIndexOf(':')
  const bracketed = text.startsWith('[')
  const host = bracketed ? text.slice(1, colon - 1) : text.slice(0, colon)
  const port = readDigits(text, colon + 1)
  const shaped = bracketed ? text[colon - 1] === ']' && colon > 1 : colon >= 0 && !/[:[]/.test(host)
  if (!shaped || host.includes(']') || Number.isNaN(port)) {
    throw invalid(
      `endpoint ${quote(text)}: expected address:port, with an IPv6 address in brackets`,
    )
  }
  if (bracketed && parseIPv4(host) !== undefined) {
    throw invalid(`endpoint ${quote(text)}: brackets are for IPv6 addresses`)
  }
  return checkEndpoint({ host, port })
}

/** `address:port`, or `[address]:port` for IPv6. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/**
 * Checks both fields of an endpoint and returns it with the host in canonical text.
 *
 * @throws WireGuardError `EINVAL`, for a name with a hint
 */
export function checkEndpoint({ host, port }: Endpoint): Endpoint {
  if (!(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    throw invalid(
      `endpoint port ${typeof port === 'number' ? port : quote(port)}: expected an integer from 0 to 65535`,
    )
  }
  return { host: canonicalHost(host), port }
}

/**
 * The canonical text of a literal address; a zone is kept as it is.
 *
 * @throws WireGuardError `EINVAL`, for a name with a hint
 */
export function canonicalHost(host: string): string {
  if (typeof host !== 'string')
    throw invalid(`endpoint host: expected a string, got ${quote(host)}`)
  const percent = host.indexOf('%')
  const end = percent < 0 ? host.length : percent
  const length = readIP(host, end, ADDRESS)
  if (length === 0) {
    const name =
      /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/.test(host) && !/^[0-9.]+$/.test(host)
    throw invalid(
      `endpoint host ${quote(host)}: expected an IPv4 or IPv6 address`,
      name ? { hint: 'Names are not resolved at this level: resolve the name first' } : {},
    )
  }
  const spelled = isSpelled(host, end, ADDRESS, length)
  if (percent < 0) return spelled ? host : formatIP(ADDRESS, 0, length)
  const zone = host.slice(percent + 1)
  // An interface name of the kernel, or its index.
  if (length === 4 || !/^[^\s/:%[\]\0]{1,15}$/.test(zone)) {
    throw invalid(`endpoint host ${quote(host)}: expected an interface name or index after the %`)
  }
  return spelled ? host : `${formatIP(ADDRESS, 0, length)}%${zone}`
}

// Used again for every address.
const ADDRESS = new Uint8Array(16)

/** The decimal digits up to the end; NaN when there is anything else. */
function readDigits(text: string, start: number): number {
  let value = start < text.length ? 0 : Number.NaN
  for (let i = start; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN
  }
  return value
}
