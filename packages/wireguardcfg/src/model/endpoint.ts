import { invalid } from './errors.js'
import { quote } from './quote.js'
import { formatIP, isCanonical, parseIPv4, readIP } from './ip.js'

/** The address and port at which a peer is reached over UDP. */
export interface Endpoint {
  /**
   * A literal IPv4 or IPv6 address in canonical text, without brackets. A zone is kept, as in
   * `fe80::1%eth0`.
   */
  readonly host: string
  /** UDP port, 0 to 65535. 0 is legal on the wire and never reachable. */
  readonly port: number
}

/**
 * Reads `address:port` or `[address]:port`. Host names are not resolved at this level.
 *
 * @example
 * ```ts
 * parseEndpoint('[2001:DB8::1]:51820') // { host: '2001:db8::1', port: 51820 }
 * ```
 *
 * @throws WireGuardError `EINVAL`, with a hint when the host is a name
 */
export function parseEndpoint(text: string): Endpoint {
  if (typeof text !== 'string') throw invalid(`endpoint: expected a string, got ${quote(text)}`)
  refuseLong('endpoint', text)
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

/**
 * Returns `address:port`, or `[address]:port` for IPv6.
 *
 * @example
 * ```ts
 * formatEndpoint({ host: '2001:db8::1', port: 51820 }) // '[2001:db8::1]:51820'
 * ```
 */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/**
 * Checks both fields of an endpoint and returns it with the host in canonical text.
 *
 * @example
 * ```ts
 * checkEndpoint({ host: '2001:DB8::1', port: 51820 }) // { host: '2001:db8::1', port: 51820 }
 * ```
 *
 * @throws WireGuardError `EINVAL`, with a hint when the host is a name
 */
export function checkEndpoint(endpoint: Endpoint): Endpoint {
  if (typeof endpoint !== 'object' || endpoint === null) {
    throw invalid(`endpoint: expected a host and a port, got ${quote(endpoint)}`)
  }
  const { host, port } = endpoint
  if (!(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    throw invalid(
      `endpoint port ${typeof port === 'number' ? port : quote(port)}: expected an integer from 0 to 65535`,
    )
  }
  return { host: canonicalHost(host), port }
}

/**
 * Returns the canonical text of a literal address. A zone is kept as it is.
 *
 * @throws WireGuardError `EINVAL`, with a hint when the host is a name
 */
export function canonicalHost(host: string): string {
  if (typeof host !== 'string')
    throw invalid(`endpoint host: expected a string, got ${quote(host)}`)
  refuseLong('endpoint host', host)
  const percent = host.indexOf('%')
  const end = percent < 0 ? host.length : percent
  const length = readIP(host, end, ADDRESS)
  if (length === 0) {
    throw invalid(
      `endpoint host ${quote(host)}: expected an IPv4 or IPv6 address`,
      isHostName(host) ? { hint: 'Resolve the name to an address first' } : {},
    )
  }
  const canonical = isCanonical(host, end, ADDRESS, length)
  if (percent < 0) return canonical ? host : formatIP(ADDRESS, 0, length)
  const zone = host.slice(percent + 1)
  // A zone is the name of an interface or its index.
  if (length === 4 || !/^[^\s/:%[\]\0]{1,15}$/.test(zone)) {
    throw invalid(`endpoint host ${quote(host)}: expected an interface name or index after the %`)
  }
  return canonical ? host : `${formatIP(ADDRESS, 0, length)}%${zone}`
}

/**
 * Returns true for a name that may be looked up: at most 253 characters (RFC 1035) and a final dot,
 * of what host names are made of, an underscore included, which some have.
 */
export function isHostName(host: string): boolean {
  return (
    host.length <= 254 &&
    /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/.test(host) &&
    !isInetAton(host)
  )
}

/** Returns true for every spelling of an IPv4 address that inet_aton(3) accepts, as `0x7f.1`. */
export function isInetAton(host: string): boolean {
  return /^(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}$/i.test(host)
}

// More than the longest host name, with brackets and a port.
const LONGEST = 300

/** Nothing looks at all of a text that is far too long. */
function refuseLong(what: string, text: string): void {
  if (text.length <= LONGEST) return
  throw invalid(
    `${what} ${quote(text)}: expected at most ${LONGEST} characters, got ${text.length}`,
  )
}

// Reused for every address.
const ADDRESS = new Uint8Array(16)

/** Reads decimal digits up to the end. Returns NaN for anything else. */
function readDigits(text: string, start: number): number {
  let value = start < text.length ? 0 : Number.NaN
  for (let i = start; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN
  }
  return value
}
