import { quote } from '../../model/quote.js'
import { formatIP, parseIP } from '../../model/ip.js'
import { foldCase, words } from '../text.js'
import { decimal } from './numbers.js'
import type { Parsed, ValueFault } from './value.js'

/** The values of `DNS`. */
export interface ConfDNS {
  /** The addresses of DNS servers, in canonical text. */
  readonly servers: readonly string[]
  /** The search domains. */
  readonly search: readonly string[]
}

/**
 * Reads a list of the interface's own addresses, `address[/length]`, separated by commas or white
 * space. Returns them in canonical text. Host bits are kept, and no length is added.
 */
export function parseAddresses(text: string): Parsed<readonly string[]> {
  const addresses: string[] = []
  for (const [index, word] of words(text).entries()) {
    const slash = word.indexOf('/')
    const address = parseIP(slash < 0 ? word : word.slice(0, slash))
    const bits = (address?.byteLength ?? 0) * 8
    const length = slash < 0 ? bits : decimal(word.slice(slash + 1), bits)
    if (address === undefined || length === undefined) {
      const expected = 'IPv4 or IPv6 addresses with an optional /length'
      return { fault: { message: `${quote(word)} is not an address`, expected, index } }
    }
    addresses.push(formatIP(address) + (slash < 0 ? '' : `/${length}`))
  }
  return { value: addresses }
}

/**
 * Reads servers and search domains, and distinguishes them as wg-quick(8) does. A server has only
 * digits and dots, or has a colon.
 */
export function parseDNS(text: string): Parsed<ConfDNS> {
  const servers: string[] = []
  const search: string[] = []
  for (const [index, word] of words(text).entries()) {
    if (!/^[0-9.]+$|:/.test(word)) search.push(word)
    else {
      const [address = '', zone] = word.split('%', 2)
      const bytes = parseIP(address)
      if (bytes === undefined) {
        const expected = 'addresses of servers, and search domains'
        return { fault: { message: `${quote(word)} is not an address`, expected, index } }
      }
      servers.push(formatIP(bytes) + (zone === undefined ? '' : `%${zone}`))
    }
  }
  return { value: { servers, search } }
}

/** Reads a number of bytes, 1 to 2147483647, the maximum of ip(8). */
export function parseMTU(text: string): Parsed<number> {
  const mtu = decimal(text, 0x7fff_ffff)
  if (mtu !== undefined && mtu > 0) return { value: mtu }
  return wrong(`${quote(text)} is not an MTU`, 'a number of bytes')
}

/** Reads `off`, `auto`, the number of a routing table, or its name. */
export function parseTable(text: string): Parsed<string> {
  const numeric = /^[0-9]+$/.test(text)
  if (numeric ? decimal(text, 0xffff_ffff) !== undefined : /^[A-Za-z0-9_.-]+$/.test(text)) {
    return { value: text }
  }
  return wrong(`${quote(text)} is not a routing table`, '"off", "auto", or a table')
}

/** Reads `true` or `false` in upper or lower case. */
export function parseSaveConfig(text: string): Parsed<boolean> {
  const folded = foldCase(text)
  if (folded === 'true' || folded === 'false') return { value: folded === 'true' }
  return wrong(`${quote(text)} is neither true nor false`, '"true" or "false"')
}

function wrong(message: string, expected: string): { readonly fault: ValueFault } {
  return { fault: { message, expected } }
}
