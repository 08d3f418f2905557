import { type AllowedIP, canonicalAllowedIP, readAllowedIP } from '../../model/allowed-ip.js'
import { quote } from '../../model/quote.js'
import { readIP } from '../../model/ip.js'
import { trim } from '../text.js'
import { decimal } from './numbers.js'
import { type Parsed, type ValueFault, wgSentence } from './value.js'

/** One entry of an `AllowedIPs` list. */
export interface AllowedIPEntry {
  /** Canonical: length added, host bits cleared. */
  readonly allowedIP: AllowedIP
  /**
   * The sign before it, since wg(8) 1.0.20250521. `+` adds to the allowed IPs of the peer, `-`
   * removes from them.
   */
  readonly sign: '' | '+' | '-'
  /** Set when host bits were cleared. wg(8) prints its `wgMessage` as a warning. */
  readonly warning: ValueFault | undefined
}

/**
 * Reads a comma-separated list of `address[/length]`, each with an optional `+` or `-`. An empty
 * element is a fault.
 *
 * @param text without white space, as wg(8) reads it
 * @param shown the list as the user wrote it, which messages quote
 */
export function parseAllowedIPs(
  text: string,
  shown: string = text,
): Parsed<readonly AllowedIPEntry[]> {
  const entries: AllowedIPEntry[] = []
  const texts = shown.split(',')
  for (const [index, element] of text.split(',').entries()) {
    const parsed = parseEntry(element, trim(texts[index] ?? element), index)
    if ('fault' in parsed) return { ...parsed, warnings: warningsOf(entries) }
    entries.push(parsed.value)
  }
  return { value: entries }
}

/** Returns the warnings of a list, in order. */
export function warningsOf(entries: readonly AllowedIPEntry[]): ValueFault[] {
  return entries.flatMap(({ warning }) => warning ?? [])
}

/** Returns the text of a list as `wg showconf` writes it. */
export function formatAllowedIPs(entries: readonly Omit<AllowedIPEntry, 'warning'>[]): string {
  return entries.map(({ sign, allowedIP }) => sign + allowedIP).join(', ')
}

const EXPECTED = 'an IPv4 or IPv6 address with an optional /length'

// Common mistakes: what users write instead of commas and of a prefix length.
const WRONG_SEPARATOR = /[ \t;]/
const NETMASK = /\/\d+\.\d+\.\d+\.\d+$/

function expectedFor(shown: string): string {
  if (WRONG_SEPARATOR.test(shown)) return `${EXPECTED}, separated by commas`
  return NETMASK.test(shown) ? `${EXPECTED}, not a netmask` : EXPECTED
}

function parseEntry(element: string, shown: string, index: number): Parsed<AllowedIPEntry> {
  const sign = element.startsWith('+') ? '+' : element.startsWith('-') ? '-' : ''
  const unsigned = element.slice(sign.length)
  const slash = unsigned.indexOf('/')
  const ip = slash < 0 ? unsigned : unsigned.slice(0, slash)
  const bytes = readIP(ip, ip.length, SCRATCH)
  if (bytes === 0) {
    const message = element === '' ? 'empty element' : `${quote(shown)} is not an IP address`
    const wgMessage = wgSentence('Unable to parse IP address', ip)
    return { fault: { message, expected: expectedFor(shown), wgMessage, index } }
  }
  const bits = bytes * 8
  const length = slash < 0 ? bits : decimal(unsigned.slice(slash + 1), bits)
  if (length === undefined) {
    const message = `${quote(shown)} has no prefix length from 0 to ${bits}`
    const wgMessage = wgSentence('AllowedIP is not in the correct format', unsigned)
    return { fault: { message, expected: expectedFor(shown), wgMessage, index } }
  }
  const text = `${ip}/${length}`
  const allowedIP = canonicalAllowedIP(text)
  const hasHostPart = allowedIP !== text && readAllowedIP(text).cleared
  const warning = hasHostPart ? hostPart(unsigned, allowedIP, index) : undefined
  return { value: { allowedIP, sign, warning } }
}

/** Receives the address of an entry, of which only the length matters. */
const SCRATCH = new Uint8Array(16)

function hostPart(text: string, allowedIP: AllowedIP, index: number): ValueFault {
  return {
    message: `${quote(text)} has a nonzero host part`,
    expected: allowedIP,
    wgMessage: `Warning: AllowedIP has nonzero host part: ${text}`,
    index,
  }
}
