import { invalid, type WireGuardError } from '../model/errors.js'
import type { PublicKey } from '../model/key.js'
import { peerKey } from './keys.js'
import type { ConfLine } from './line.js'
import { publicKeyOf } from './peer-index.js'
import { ConfSection, type SectionLines } from './section.js'

/** A `[Peer]` whose header and entries are comments. It stays in its place in the file. */
export class DisabledPeer {
  /** `undefined` when no `PublicKey` is among its entries. */
  readonly publicKey: PublicKey | undefined
  readonly #enabled: SectionLines
  readonly #lines: readonly ConfLine[]
  readonly #between: ConfLine[]

  /**
   * @param enabled its lines as they are once it is enabled
   * @param lines its lines as they are in the file, without those in between
   */
  constructor(enabled: SectionLines, lines: readonly ConfLine[]) {
    this.#enabled = enabled
    this.#lines = lines
    this.#between = [...(enabled.between ?? [])]
    this.publicKey = publicKeyOf(this.enabled())
  }

  /** Every line in order, as in the file. */
  get lines(): readonly ConfLine[] {
    return [...this.#lines, ...this.#between]
  }

  /** Returns a new section with its lines as they are once it is enabled. */
  enabled(): ConfSection {
    return new ConfSection('peer', { ...this.#enabled, between: this.#between })
  }

  /** As {@link ConfSection.dropLastEmptyLine}. */
  dropLastEmptyLine(): void {
    if (this.#between.at(-1)?.token.kind === 'blank') this.#between.pop()
  }

  /** Takes over the lines that remain of a removed section. */
  append(lines: readonly ConfLine[]): void {
    for (const line of lines) this.#between.push(line)
  }
}

/**
 * Disables a section: puts a `#` in front of its header, its entries, and the entries that are
 * comments already, so that enabling it knows which of them were not. Remarks stay as they are.
 *
 * @throws WireGuardError `EINVAL` for a line that is neither, because enabling would not find it
 */
export function disabled(section: ConfSection): DisabledPeer {
  const { lead, header, body, between } = section.parts
  const commented = [header, ...body].map((line) => {
    const { kind } = line.token
    const text = line.text.slice(0, line.start) + OWN_PREFIX + line.text.slice(line.start)
    const comment = line.withText(text)
    if (enabledLine(comment, OWN_PREFIX) !== undefined) return comment
    if (kind === 'comment' || kind === 'blank') return line
    throw notReversible('one of its lines is not an entry of wg(8)')
  })
  return new DisabledPeer({ lead, header, body, between }, [...lead, ...commented])
}

/** The error for a peer that would not be the same after it was disabled and enabled. */
export function notReversible(reason: string): WireGuardError {
  return invalid(`the peer cannot be disabled so that enabling restores it: ${reason}`, {
    operation: 'disable peer',
    hint: 'Remove the line from its section, or remove the peer',
  })
}

/** Lines in which disabled peers are enabled. */
export interface EnabledLines {
  readonly lines: readonly ConfLine[]
  /** The lines in the file of those that were changed. */
  readonly originals: ReadonlyMap<ConfLine, ConfLine>
}

/**
 * Enables the disabled peers among the comments between two sections. Each begins with its header,
 * `#[Peer]`, `# [Peer]` or `#[disabled] [Peer]`. Below it, what is commented out in the same way is
 * one of its entries. Returns `undefined` when there is none.
 */
export function enableLines(lines: readonly ConfLine[]): EnabledLines | undefined {
  if (!lines.some(({ token }) => token.kind === 'comment')) return undefined
  const originals = new Map<ConfLine, ConfLine>()
  let prefix: string | undefined
  const enabledLines = lines.map((line) => {
    if (line.token.kind !== 'comment') return line
    const header = PREFIXES.find((one) => sectionOf(line, one) !== undefined)
    if (header !== undefined) prefix = sectionOf(line, header) === 'peer' ? header : undefined
    const style = isOfPivpn(line) ? PIVPN_PREFIX : prefix
    const enabledOne = style === undefined ? undefined : enabledLine(line, style)
    if (enabledOne === undefined) return line
    originals.set(enabledOne, line)
    return enabledOne
  })
  return originals.size === 0 ? undefined : { lines: enabledLines, originals }
}

const OWN_PREFIX = '#'
/** That of PiVPN, which puts it before every line. */
const PIVPN_PREFIX = '#[disabled] '
const PREFIXES = [PIVPN_PREFIX, '# ', OWN_PREFIX]

function isOfPivpn({ text, start }: ConfLine): boolean {
  return text.startsWith(PIVPN_PREFIX, start)
}

/** Returns the section whose disabled header a line is: `peer` for `#[Peer]`. */
function sectionOf(line: ConfLine, prefix: string): string | undefined {
  if (!line.text.includes('[')) return undefined
  const enabledOne = without(line, prefix)
  return enabledOne?.token.kind === 'header' ? enabledOne.token.section : undefined
}

/** Returns a disabled line as it is once it is enabled; `undefined` for a remark. */
function enabledLine(line: ConfLine, prefix: string): ConfLine | undefined {
  const enabledOne = without(line, prefix)
  if (enabledOne === undefined || prefix === PIVPN_PREFIX) return enabledOne
  const { token } = enabledOne
  const isCode =
    (token.kind === 'entry' && peerKey(token.name) !== undefined) ||
    (token.kind === 'header' && token.section !== undefined) ||
    (token.kind === 'comment' && enabledLine(enabledOne, prefix) !== undefined)
  return isCode ? enabledOne : undefined
}

/** Returns the line without the prefix; `undefined` when it does not begin with it. */
function without(line: ConfLine, prefix: string): ConfLine | undefined {
  const { text, start } = line
  const from = start + prefix.length
  if (!text.startsWith(prefix, start)) return undefined
  // What follows `#` at a distance is a remark, or disabled with `# `.
  if (prefix !== PIVPN_PREFIX && (text[from] === ' ' || text[from] === '\t')) return undefined
  return line.withText(text.slice(0, start) + text.slice(from))
}
