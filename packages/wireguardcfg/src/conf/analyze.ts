import type { AllowedIP } from '../model/allowed-ip.js'
import type { PublicKey } from '../model/key.js'
import { checkOptions, type OptionTable } from '../model/options.js'
import type { Conf } from './conf.js'
import { type ConfDialect, peerKey, wgInterfaceKey } from './keys.js'
import { codeOf, type ConfLine } from './line.js'
import { parseConf } from './parse.js'
import { peerName } from './peer-name.js'
import type { ConfProblem } from './problem.js'
import { type QuickEntry, QuickReader } from './quick-reader.js'
import {
  newInterfaceDraft,
  newPeerDraft,
  INTERFACE_READERS,
  type InterfaceDraft,
  type ReadOutcome,
  PEER_READERS,
  type ConfPeerDraft,
  QUICK_READERS,
} from './readers.js'
import { BYTE_ORDER_MARK, squeeze } from './text.js'
import type { ConfInterface, ConfPeer } from './types.js'
import { describeUnrecognized, type SectionState, unrecognizedSentence } from './unrecognized.js'
import type { ValueFault } from './values/value.js'

/** Options for reading a file. */
export interface ConfOptions {
  /** The program whose keys are known. Default `wg-quick`, which also knows the keys of wg(8). */
  readonly dialect?: ConfDialect | undefined
  /**
   * What to do with keys and sections that neither program knows, such as those of another
   * implementation. `'error'` (default): the file is refused, as by these programs. `'ignore'`:
   * they are left out, and `checkConf` warns of them. A key in the wrong section stays an error.
   */
  readonly unknownKeys?: 'error' | 'ignore' | undefined
}

const CONF_OPTIONS: OptionTable<ConfOptions> = {
  dialect: ['wg', 'wg-quick'],
  unknownKeys: ['error', 'ignore'],
}

/** The meaning of a file, and everything that is wrong with it. */
export interface Analysis {
  readonly interface: ConfInterface
  /** The peers that have a public key. */
  readonly peers: readonly ConfPeer[]
  /** The allowed IPs that a peer takes from others and then loses. Most peers have none. */
  readonly passing: ReadonlyMap<ConfPeer, readonly AllowedIP[]>
  /**
   * The problems in the order in which wg(8) finds them: line by line, and at the end the peers
   * without a public key.
   */
  readonly problems: readonly ConfProblem[]
}

/** The sentence of wg(8) about a `[Peer]` without `PublicKey`. */
export const MISSING_PUBLIC_KEY = 'A peer is missing a public key'

/**
 * Reads a whole document once.
 *
 * @throws WireGuardError `EINVAL` for an unknown option, and for nothing in the document
 */
export function analyze(conf: Conf, options: ConfOptions = {}): Analysis {
  checkOptions(options, CONF_OPTIONS, { operation: 'read configuration' })
  const { dialect = 'wg-quick', unknownKeys = 'error' } = options
  const analyzer = new Analyzer(conf, dialect, unknownKeys === 'ignore' ? 'warning' : 'error')
  analyzer.run()
  return analyzer.finish()
}

class Analyzer {
  readonly #conf: Conf
  readonly #dialect: ConfDialect
  readonly #severityOfUnknown: ConfProblem['severity']
  readonly #quick: QuickReader | undefined
  readonly #interface: InterfaceDraft = newInterfaceDraft()
  readonly #peers: ConfPeerDraft[] = []
  readonly #problems: ConfProblem[] = []
  #section: SectionState = 'none'
  #lineNumber = 0

  constructor(conf: Conf, dialect: ConfDialect, severityOfUnknown: ConfProblem['severity']) {
    this.#conf = conf
    this.#dialect = dialect
    this.#severityOfUnknown = severityOfUnknown
    this.#quick = dialect === 'wg-quick' ? new QuickReader() : undefined
  }

  run(): void {
    const { lines } = this.#conf
    if (this.#isUTF16(lines)) return
    const peers = this.#conf.peers[Symbol.iterator]()
    for (const line of lines) {
      this.#lineNumber++
      const { token } = line
      const isReadable = this.#checkCharacters(line)
      const entry = isReadable ? this.#quick?.read(this.#textOf(line)) : undefined
      if (entry !== undefined) this.#readQuick(line, entry)
      else if (token.kind === 'header') {
        this.#section = token.section ?? 'unknown'
        if (token.section === undefined) this.#unrecognized(line)
        if (token.section === 'peer') {
          const section = peers.next().value
          this.#peers.push(newPeerDraft(this.#lineNumber, section && peerName(section)))
        }
      } else if (isReadable && token.kind !== 'blank' && token.kind !== 'comment') {
        this.#readWg(line)
      }
    }
  }

  finish(): Analysis {
    const peers: ConfPeer[] = []
    const passing = new Map<ConfPeer, readonly AllowedIP[]>()
    const lines = new Map<PublicKey, number>()
    const owners = new Map<AllowedIP, PublicKey>()
    for (const draft of this.#peers) {
      const { publicKey, hasPublicKey } = draft
      this.#lineNumber = draft.line
      // A line with an invalid key was already reported.
      if (publicKey === undefined && hasPublicKey) continue
      if (publicKey === undefined) {
        const wgMessage = MISSING_PUBLIC_KEY
        this.#report('error', 1, 'PublicKey', { message: 'missing', expected: KEY, wgMessage })
        continue
      }
      this.#warnOfRepeats(draft, publicKey, lines, owners)
      const { peer, passed } = finishPeer(draft, publicKey)
      peers.push(peer)
      if (passed.length > 0) passing.set(peer, passed)
    }
    return { interface: this.#interface, peers, passing, problems: this.#problems }
  }

  /**
   * Reports a byte order mark and NUL characters. Returns false when the line must not be read
   * further. A header is still read, because without it all lines after it would be misread.
   */
  #checkCharacters({ text }: ConfLine): boolean {
    if (this.#lineNumber === 1 && text.startsWith(BYTE_ORDER_MARK)) {
      // The meaning of the line is clear, so this is an error in the dialect of wg(8) only.
      this.#report(this.#dialect === 'wg' ? 'error' : 'warning', 1, undefined, {
        message: 'byte order mark, which wg(8) reads as part of the first line',
        expected: 'a file without one',
        wgMessage: unrecognizedSentence(text),
      })
    }
    const nul = text.indexOf('\0')
    if (nul < 0 || nul > codeOf(text).length) return true
    const message = 'NUL character, after which wg(8) ignores the rest of the line'
    this.#report('error', nul + 1, undefined, { message, expected: 'text' })
    return false
  }

  /** Reports a file in UTF-16 once. Read as UTF-8, every second character of it is a NUL. */
  #isUTF16(lines: readonly ConfLine[]): boolean {
    const first = lines.find(({ text }) => text.length > 1)?.text ?? ''
    // oxlint-disable-next-line no-control-regex -- a NUL is what this looks for
    if (!/(?:[^\0]\0){4}|(?:\0[^\0]){4}/.test(first)) return false
    this.#lineNumber = 1
    this.#report('error', 1, undefined, { message: 'UTF-16 text', expected: 'a file in UTF-8' })
    return true
  }

  #readQuick(line: ConfLine, { key, value, hasValue }: QuickEntry): void {
    if (!hasValue) {
      this.#report('error', startOf(line), key, { message: 'no "="', expected: `${key} = value` })
    } else if (value === '' && key !== 'SaveConfig') {
      this.#report('warning', startOf(line), key, { message: 'empty', expected: 'a value' })
    } else this.#take(line, key, QUICK_READERS[key](this.#interface, value), WORD_SEPARATOR)
  }

  #readWg(line: ConfLine): void {
    // All lines below an unknown header are unknown. The header was already reported.
    if (this.#section === 'unknown') return
    const { token } = line
    const name = token.kind === 'entry' ? token.name : ''
    const value =
      token.kind === 'entry' ? squeeze(codeOf(line.text.slice(token.start, token.end))) : ''
    const own = this.#section === 'interface' ? wgInterfaceKey(name) : undefined
    const peers = this.#section === 'peer' ? peerKey(name) : undefined
    const peer = this.#peers.at(-1)
    if (peers === 'PublicKey' && peer !== undefined) peer.hasPublicKey = true
    if (value === '') this.#unrecognized(line, own ?? peers)
    else if (own !== undefined) {
      this.#take(line, own, INTERFACE_READERS[own]!(this.#interface, value, line.value))
    } else if (peers !== undefined && peer !== undefined) {
      this.#take(line, peers, PEER_READERS[peers]!(peer, value, line.value))
    } else this.#unrecognized(line)
  }

  #take(
    line: ConfLine,
    key: string,
    { fault, warnings = [] }: ReadOutcome,
    separators = COMMA,
  ): void {
    if (fault === undefined && warnings.length === 0) return
    let offsets: readonly number[] | undefined
    const report = (severity: ConfProblem['severity'], found: ValueFault) => {
      const start = line.token.kind === 'entry' ? line.token.start : 0
      offsets ??= elementOffsets(line.value, separators)
      this.#report(severity, start + (offsets[found.index ?? 0] ?? 0) + 1, key, found)
    }
    for (const warning of warnings) report('warning', warning)
    if (fault !== undefined) report('error', fault)
  }

  /** Reports why wg(8) does not recognize a line, as far as that can be known. */
  #unrecognized(line: ConfLine, emptyKey?: string): void {
    const context = { section: this.#section, dialect: this.#dialect, emptyKey }
    const { key, isUnknown, ...fault } = describeUnrecognized(
      line.token,
      this.#textOf(line),
      context,
    )
    this.#report(isUnknown ? this.#severityOfUnknown : 'error', startOf(line), key, fault)
  }

  /** Returns the line's text, that of the first line without a byte order mark. */
  #textOf({ text }: ConfLine): string {
    return this.#lineNumber === 1 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
  }

  #warnOfRepeats(
    { line, changes }: ConfPeerDraft,
    publicKey: PublicKey,
    lines: Map<PublicKey, number>,
    owners: Map<AllowedIP, PublicKey>,
  ): void {
    const earlier = lines.get(publicKey)
    if (earlier !== undefined) {
      const message = `same public key as the peer in line ${earlier}, which this section updates`
      this.#report('warning', 1, 'PublicKey', { message, expected: 'one section per peer' })
    }
    lines.set(publicKey, line)
    for (const [allowedIP, change] of changes) {
      const owner = owners.get(allowedIP)
      if (change !== 'add') continue
      owners.set(allowedIP, publicKey)
      if (owner === undefined || owner === publicKey) continue
      const message = `${allowedIP} moves to this peer from the peer in line ${lines.get(owner)}`
      this.#report('warning', 1, 'AllowedIPs', { message, expected: 'each allowed IP at one peer' })
    }
  }

  #report(
    severity: ConfProblem['severity'],
    column: number,
    key: string | undefined,
    { message, expected, wgMessage }: ValueFault,
  ): void {
    const line = this.#lineNumber
    this.#problems.push({ severity, line, column, key, message, expected, wgMessage })
  }
}

const KEY = 'a public key, 44 characters of base64'
const COMMA = /,/g
const WORD_SEPARATOR = /[ \t\v\f\r,]+/g

/** Returns the settings of a peer, and the allowed IPs that it takes from others and then loses. */
function finishPeer(
  { changes, line, name, presharedKey, endpoint, persistentKeepalive, incremental }: ConfPeerDraft,
  publicKey: PublicKey,
): { readonly peer: ConfPeer; readonly passed: readonly AllowedIP[] } {
  const allowedIPs: AllowedIP[] = []
  const removeAllowedIPs: AllowedIP[] = []
  const passed: AllowedIP[] = []
  for (const [allowedIP, change] of changes) {
    if (change === 'add') allowedIPs.push(allowedIP)
    else removeAllowedIPs.push(allowedIP)
    if (change === 'pass') passed.push(allowedIP)
  }
  const values = { presharedKey, endpoint, persistentKeepalive, allowedIPs, removeAllowedIPs }
  return { peer: { line, name, publicKey, ...values, incremental }, passed }
}

/** Returns the column of the first character that is not white space. */
function startOf({ text }: ConfLine): number {
  return text.length - text.replace(/^[ \t\v\f\r\uFEFF]+/, '').length + 1
}

/**
 * Returns everything that is wrong with a file, sorted by line. Without an `error` in the list the
 * file is valid.
 *
 * @example
 * ```ts
 * for (const problem of checkConf(text)) console.log(`wg0.conf:${formatProblem(problem)}`)
 * // wg0.conf:2:14: error: ListenPort: port "99999" is out of range; expected a port number from …
 * ```
 */
export function checkConf(conf: Conf | string, options?: ConfOptions): ConfProblem[] {
  const { problems } = analyze(typeof conf === 'string' ? parseConf(conf) : conf, options)
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
}

/**
 * Returns what `wg setconf` and `wg addconf` print on standard error about a file before they
 * access the device: the warnings up to the first error, the sentence of that error, and their last
 * line. Returns `''` when they print nothing. Host names are not looked up. Two things differ:
 * `(hidden)` replaces what may be a secret, and faults that wg(8) accepts are reported in the words
 * of this library.
 */
export function wgReport(conf: Conf | string, { dialect = 'wg' }: ConfOptions = {}): string {
  let text = ''
  for (const problem of analyze(typeof conf === 'string' ? parseConf(conf) : conf, { dialect })
    .problems) {
    const { severity, key, message, expected, wgMessage } = problem
    if (severity === 'warning') text += wgMessage === undefined ? '' : `${wgMessage}\n`
    else {
      const own = `${key === undefined ? '' : `${key}: `}${message}; expected ${expected}`
      const end =
        wgMessage === MISSING_PUBLIC_KEY ? 'Invalid configuration' : 'Configuration parsing error'
      return `${text}${wgMessage ?? own}\n${end}\n`
    }
  }
  return text
}

/** Returns where each element of a list begins in the text of the list, after white space. */
export function elementOffsets(list: string, separators: RegExp): number[] {
  const starts = [0]
  for (const { 0: separator, index } of list.matchAll(separators)) {
    starts.push(index + separator.length)
  }
  return starts.map((start) => {
    let offset = start
    while (isSpace(list[offset])) offset++
    return offset
  })
}

function isSpace(character: string | undefined): boolean {
  return character !== undefined && ' \t\v\f\r'.includes(character)
}
