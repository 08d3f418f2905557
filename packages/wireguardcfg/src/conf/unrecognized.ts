import { HIDDEN } from '../model/quote.js'
import { type ConfDialect, PEER_KEYS, peerKey, quickKey, wgInterfaceKey } from './keys.js'
import { codeOf, type Token } from './line.js'
import { squeeze } from './text.js'
import { type ValueFault, wgSentence } from './values/value.js'

/**
 * The place of a line: in a section, below an unknown header, or before the first header (`none`).
 */
export type SectionState = 'interface' | 'peer' | 'unknown' | 'none'

/** What else is known about a line that wg(8) does not recognize. */
export interface UnrecognizedContext {
  readonly section: SectionState
  readonly dialect: ConfDialect
  /** The key, if it is valid and only the value is missing. */
  readonly emptyKey: string | undefined
}

/** Describes why wg(8) does not recognize a line, as far as that can be known. */
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
    const message = 'neither a section header nor "key = value"'
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
 * Returns the sentence of wg(8) about a line that it does not recognize. It quotes the line without
 * comment and white space. wg(8) prints even a private key under a misspelt name. Here the value is
 * hidden when the name hints at a key or the text looks like one.
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

// Long enough for every key name, and shorter than a secret in the wrong place.
const KEY_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/

const EXPECTED = {
  none: '[Interface] or [Peer] first',
  interface: 'a key of [Interface]',
  peer: `${PEER_KEYS.slice(0, -1).join(', ')} or ${PEER_KEYS.at(-1)}`,
  unknown: '[Interface] or [Peer] first',
}

function misplaced(key: string, section: SectionState, dialect: ConfDialect): string {
  if (section === 'none') return 'key outside any section'
  if (peerKey(key) !== undefined) return 'key of [Peer] in [Interface]'
  if (section === 'peer') return 'key of [Interface] in [Peer]'
  return dialect === 'wg'
    ? 'key of wg-quick(8), which wg(8) does not know'
    : 'key of wg-quick(8) with white space inside it or inside its header'
}
