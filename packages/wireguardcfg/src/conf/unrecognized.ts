import { HIDDEN } from '../model/quote.js'
import { type ConfDialect, PEER_KEYS, peerKey, quickKey, wgInterfaceKey } from './keys.js'
import { codeOf, type Token } from './line.js'
import { squeeze } from './text.js'
import { type ValueFault, wgSentence } from './values/value.js'

/**
 * Where a line stands: in a section, below a header that no program knows, or before the first
 * header.
 */
export type SectionState = 'interface' | 'peer' | 'unknown' | 'none'

/** What else is known of a line that wg(8) has no use for. */
export interface UnrecognizedContext {
  readonly section: SectionState
  readonly dialect: ConfDialect
  /** Set when the key is right and only the value is missing. */
  readonly emptyKey: string | undefined
}

/** Why wg(8) has no use for a line, as far as that can be known. */
export function describeUnrecognized(
  token: Token,
  text: string,
  { section, dialect, emptyKey }: UnrecognizedContext,
): ValueFault & { readonly key: string | undefined } {
  const wgMessage = unrecognizedSentence(text)
  if (token.kind === 'header') {
    const expected = '[Interface] or [Peer]'
    return { key: undefined, message: 'unknown section', expected, wgMessage }
  }
  if (emptyKey !== undefined) {
    return { key: emptyKey, message: 'empty', expected: 'a value', wgMessage }
  }
  const expected = EXPECTED[section]
  if (token.kind !== 'entry') {
    const message = 'neither a section nor a key and a value'
    return { key: undefined, message, expected, wgMessage }
  }
  const key = wgInterfaceKey(token.name) ?? quickKey(token.name) ?? peerKey(token.name)
  if (key === undefined) {
    const message = KEY_NAME.test(token.name) ? `unknown key ${token.name}` : 'unknown key'
    return { key, message, expected, wgMessage }
  }
  return { key, message: misplaced(key, section, dialect), expected, wgMessage }
}

/**
 * What wg(8) says of a line that it does not know, without comment and white space. wg(8) would
 * print a private key that stands there under a misspelt name; here it is hidden when the line
 * speaks of keys or looks like one.
 */
export function unrecognizedSentence(text: string): string {
  const line = squeeze(codeOf(text))
  const equals = line.indexOf('=')
  const name = equals < 0 ? line : line.slice(0, equals)
  if (!SECRET_NAME.test(name)) return wgSentence(SENTENCE, line)
  if (equals < 0) return wgSentence(SENTENCE, HIDDEN)
  return wgSentence(SENTENCE, `${name}=${equals + 1 === line.length ? '' : HIDDEN}`)
}

const SENTENCE = 'Line unrecognized'
const SECRET_NAME = /key|psk|secret|pass/i

// As long as a key of a file could be, and shorter than a secret that stands in its place.
const KEY_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/

const EXPECTED = {
  none: '[Interface] or [Peer] first',
  interface: 'a key of [Interface]',
  peer: `${PEER_KEYS.slice(0, -1).join(', ')} or ${PEER_KEYS.at(-1)}`,
  unknown: '[Interface] or [Peer] first',
}

function misplaced(key: string, section: SectionState, dialect: ConfDialect): string {
  if (section === 'none') return 'key outside of a section'
  if (peerKey(key) !== undefined) return 'key of [Peer] in [Interface]'
  if (section === 'peer') return 'key of [Interface] in [Peer]'
  return dialect === 'wg'
    ? 'key of wg-quick(8), which wg(8) does not know'
    : 'key of wg-quick(8) with white space inside it or inside its header'
}
