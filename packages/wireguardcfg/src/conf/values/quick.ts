import { quote } from '../../model/quote.js'
import { formatIP, parseIP } from '../../model/ip.js'
import { foldCase, words } from '../text.js'
import { decimal } from './numbers.js'
import type { Parsed, ValueFault } from './value.js'

/** What `DNS` says. */
export interface ConfDNS {
  /** Addresses of servers, in canonical text. */
  readonly servers: readonly string[]
  /** Domains to search in. */
  readonly search: readonly string[]
}

/**
 * `address[/length]` list of the interface's own addresses, separated by commas or white space.
 * Canonical text, host bits and all; no length is added.
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
 * Servers and search domains, told apart as wg-quick(8) does: digits and dots, or anything with a
 * colon, is a server.
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
        const expected = 'addresses of servers and domains to search in'
        return { fault: { message: `${quote(word)} is not an address`, expected, index } }
      }
      servers.push(formatIP(bytes) + (zone === undefined ? '' : `%${zone}`))
    }
  }
  return { value: { servers, search } }
}

/** Bytes, 1 to 2147483647, which is the most that ip(8) can say. */
export function parseMTU(text: string): Parsed<number> {
  const mtu = decimal(text, 0x7fff_ffff)
  if (mtu !== undefined && mtu > 0) return { value: mtu }
  return wrong(`${quote(text)} is not an MTU`, 'a number of bytes')
}

/** `off`, `auto`, the number of a routing table, or its name. */
export function parseTable(text: string): Parsed<string> {
  const numeric = /^[0-9]+$/.test(text)
  if (numeric ? decimal(text, 0xffff_ffff) !== undefined : /^[A-Za-z0-9_.-]+$/.test(text)) {
    return { value: text }
  }
  return wrong(`${quote(text)} is not a routing table`, '"off", "auto", or a table')
}

/** `true` or `false` in any case. */
export function parseSaveConfig(text: string): Parsed<boolean> {
  const folded = foldCase(text)
  if (folded === 'true' || folded === 'false') return { value: folded === 'true' }
  return wrong(`${quote(text)} is neither true nor false`, '"true" or "false"')
}

function wrong(message: string, expected: string): { readonly fault: ValueFault } {
  return { fault: { message, expected } }
}
