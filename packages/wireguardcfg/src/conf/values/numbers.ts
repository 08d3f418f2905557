import { quote } from '../../model/quote.js'
import { DEVICE_FIELDS, type FieldFormat, PEER_FIELDS } from '../../model/fields.js'
import { type Parsed, wgSentence } from './value.js'
import { foldCase } from '../text.js'

/**
 * Reads a UDP port, 0 to 65535, in decimal. Unlike wg(8) this accepts no service name (`domain`),
 * no sign (`+5`), and no number above 65535, which wg(8) wraps (99999 becomes 34463).
 *
 * @param whole the text that wg(8) quotes in its sentence, for an endpoint all of it
 * @param shown the text as the user wrote it, which the message quotes
 */
export function parsePort(
  text: string,
  {
    whole = text,
    shown = text,
  }: { readonly whole?: string | undefined; readonly shown?: string | undefined } = {},
): Parsed<number> {
  const expected = 'a port number from 0 to 65535'
  const port = decimal(text, MAX_PORT)
  if (port !== undefined) return { value: port }
  if (/^\+?[0-9]+$/.test(text)) {
    return { fault: { message: `port ${quote(shown)} is out of range`, expected } }
  }
  const message = `${quote(shown)} is not a port number; service names are not looked up`
  // From gai_strerror(3) of glibc.
  const wgMessage = wgSentence('Servname not supported for ai_socktype', whole)
  return { fault: { message, expected, wgMessage } }
}

/**
 * Reads `off`, or a number from 0 to 0xffffffff in decimal or after a lower-case `0x`. 0 means off.
 */
export function parseFirewallMark(text: string, shown: string = text): Parsed<number> {
  if (foldCase(text) === 'off') return { value: 0 }
  const mark = /^0x[0-9a-fA-F]+$/.test(text) ? Number(text) : decimal(text, MAX_MARK)
  if (mark !== undefined && mark <= MAX_MARK) return { value: mark }
  return {
    fault: {
      message: `${quote(shown)} is not a firewall mark`,
      expected: '"off", or a number from 0 to 0xffffffff, in decimal or in hexadecimal after "0x"',
      wgMessage: wgSentence('Fwmark is neither 0/off nor 0-0xffffffff', text),
    },
  }
}

/** Returns the text of a firewall mark as `wg showconf` writes it: `0x1f`, or `off`. */
export function formatFirewallMark(mark: number): string {
  return mark === 0 ? 'off' : `0x${mark.toString(16)}`
}

/** Reads `off`, or seconds from 0 to 65535 in decimal. 0 means off. */
export function parsePersistentKeepalive(text: string, shown: string = text): Parsed<number> {
  const seconds = foldCase(text) === 'off' ? 0 : decimal(text, MAX_INTERVAL)
  if (seconds !== undefined) return { value: seconds }
  return {
    fault: {
      message: `${quote(shown)} is not an interval`,
      expected: '"off", or seconds from 0 to 65535',
      wgMessage: wgSentence('Persistent keepalive interval is neither 0/off nor 1-65535', text),
    },
  }
}

/** Returns the text of a keepalive interval: seconds, or `off`. */
export function formatPersistentKeepalive(seconds: number): string {
  return seconds === 0 ? 'off' : String(seconds)
}

/** Returns the text of a number in the format of its field. A port of 0 is `0`. */
export function formatNumber(format: FieldFormat, value: number): string {
  switch (format) {
    case 'mark':
      return formatFirewallMark(value)
    case 'interval':
      return formatPersistentKeepalive(value)
    default:
      return String(value)
  }
}

/** Reads decimal digits, with leading zeros or without. Returns `undefined` above `max`. */
export function decimal(text: string, max: number): number | undefined {
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN
  return value <= max ? value : undefined
}

const MAX_MARK = DEVICE_FIELDS.firewallMark.max
const MAX_PORT = DEVICE_FIELDS.listenPort.max
const MAX_INTERVAL = PEER_FIELDS.persistentKeepalive.max
