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

/** Why wg(8) does not recognize a line. */
export interface Unrecognized extends ValueFault {
  /** The key, if it is a known one. */
  readonly key: string | undefined
  /** Whether it is an unknown section, or an entry with an unknown key. */
  readonly isUnknown: boolean
}

/** Describes why wg(8) does not recognize a line, as far as that can be known. */
export function describeUnrecognized(
  token: Token,
  text: string,
  { section, dialect, emptyKey }: UnrecognizedContext,
): Unrecognized {
  const wgMessage = unrecognizedSentence(text)
  if (token.kind === 'header') {
    const expected = '[Interface] or [Peer]'
    return { key: undefined, isUnknown: true, message: 'unknown section', expected, wgMessage }
  }
  if (emptyKey !== undefined) {
    return { key: emptyKey, isUnknown: false, message: 'empty', expected: 'a value', wgMessage }
  }
  const expected = EXPECTED[section]
  if (token.kind !== 'entry') {
    const message = 'neither a section header nor "key = value"'
    return { key: undefined, isUnknown: false, message, expected, wgMessage }
  }
  const key = wgInterfaceKey(token.name) ?? quickKey(token.name) ?? peerKey(token.name)
  if (key === undefined) {
    const message = KEY_NAME.test(token.name) ? `unknown key ${token.name}` : 'unknown key'
    return { key, isUnknown: true, message, expected, wgMessage }
  }
  const message = misplaced(key, section, dialect)
  return { key, isUnknown: false, message, expected, wgMessage }
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
