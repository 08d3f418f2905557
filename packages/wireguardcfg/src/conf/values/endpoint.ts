import {
  checkEndpoint,
  type Endpoint,
  formatEndpoint,
  isHostName,
  isInetAton,
} from '../../model/endpoint.js'
import { isWireGuardError } from '../../model/errors.js'
import { quote } from '../../model/quote.js'
import { parsePort } from './numbers.js'
import { type Parsed, type ValueFault, wgSentence } from './value.js'

/** The endpoint of a peer in a file. The host may be a name, which has not been resolved. */
export interface ConfEndpoint extends Endpoint {
  /** Whether `host` is a name to resolve. If not, it is a literal address in canonical text. */
  readonly isName: boolean
}

/**
 * Reads `host:port`, split at the last colon, or `[host]:port`, as wg(8) does. The host is a name,
 * or an IPv4 or IPv6 address, with a zone or without. The interface of the zone need not exist on
 * this system. Unlike wg(8) this accepts no shortened or hexadecimal IPv4 address (`127.1`). It
 * reads the port as {@link parsePort} does.
 */
export function parseConfEndpoint(text: string, shown: string = text): Parsed<ConfEndpoint> {
  const parts = takeApart(text, shown)
  if ('fault' in parts) return parts
  const { host, port: digits } = parts.value
  const port = parsePort(digits, { whole: text })
  if ('fault' in port) return port
  const literal = literalEndpoint({ host, port: port.value })
  if (literal !== undefined) {
    const value = { ...literal, isName: false }
    return literal.host.includes(':') && !text.startsWith('[')
      ? { value, warnings: [withoutBrackets(literal)] }
      : { value }
  }
  if (isHostName(host)) return { value: { host, port: port.value, isName: true } }
  const wgMessage = wgSentence('Name or service not known', text)
  const message = `${quote(host)} is neither an IP address nor a host name`
  return {
    fault: { message, expected: EXPECTED, ...(isInetAton(host) ? {} : { wgMessage }) },
  }
}

/** wg(8) reads the digits after the last colon as the port, which is most often a mistake. */
function withoutBrackets(endpoint: Endpoint): ValueFault {
  const expected = formatEndpoint(endpoint)
  return { message: `IPv6 address without brackets, read as ${expected}`, expected }
}

const EXPECTED = 'host:port, with an IPv6 address in brackets'

function takeApart(text: string, shown: string): Parsed<{ host: string; port: string }> {
  const bracketed = text.startsWith('[')
  const close = text.indexOf(']')
  if (bracketed && close < 0) {
    const wgMessage = wgSentence('Unable to find matching brace of endpoint', text)
    return { fault: { message: `${quote(shown)} has no "]"`, expected: EXPECTED, wgMessage } }
  }
  const colon = bracketed ? close + 1 : text.lastIndexOf(':')
  if (text[colon] !== ':' || colon + 1 === text.length) {
    const wgMessage = wgSentence('Unable to find port of endpoint', text)
    return { fault: { message: `${quote(shown)} has no port`, expected: EXPECTED, wgMessage } }
  }
  const host = bracketed ? text.slice(1, close) : text.slice(0, colon)
  return { value: { host, port: text.slice(colon + 1) } }
}

function literalEndpoint(endpoint: Endpoint): Endpoint | undefined {
  try {
    return checkEndpoint(endpoint)
  } catch (error) {
    if (isWireGuardError(error)) return undefined
    throw error
  }
}
