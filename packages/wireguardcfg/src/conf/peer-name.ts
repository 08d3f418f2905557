import { invalid } from '../model/errors.js'
import { checkOptions, type OptionTable } from '../model/options.js'
import { mayHoldKey } from '../model/quote.js'
import { isEndMarker } from './comments.js'
import type { ConfSection, PlacedComment } from './section.js'
import { checkComment, isComment } from './validate.js'

/** Options of {@link peerName} and {@link setPeerName}. */
export interface PeerNameOptions {
  /**
   * Further forms of comments that name a peer, which come before the built-in ones. The first
   * group of each expression is the name. It is matched with a comment without its `#` signs.
   */
  readonly styles?: readonly RegExp[] | undefined
}

const NAME_OPTIONS: OptionTable<PeerNameOptions> = { styles: 'list' }

/**
 * Returns the name that a comment gives a peer, in the forms of exporters, panels and install
 * scripts: `# friendly_name = x`, `# friendly_json = {"name": "x"}`, `# Name = x`, `#Name# = x`,
 * `# Client: x`, `### Client x`, `# Client: x (12)`, `# Peer: x`, `# -WGP- DisplayName = x`,
 * `### begin x ###` and `# BEGIN_PEER x`.
 *
 * Comments inside the section come first, then the one behind its header, then those directly above
 * it. Without any of these forms, the name is what stands behind the header (`[Peer] # x`), or a
 * first line with one word (`# NL-FREE#241`). Returns `undefined` when there is no name.
 *
 * @example
 * ```ts
 * const names = conf.peers.map((section) => peerName(section) ?? section.get('PublicKey'))
 * peerName(section, { styles: [/^device (.+)$/] }) // the name in `# device x`
 * ```
 */
export function peerName(section: ConfSection, options: PeerNameOptions = {}): string | undefined {
  return findName(section, options)?.found.name
}

/**
 * Names a peer. It changes the name where {@link peerName} finds it, and in the end marker of the
 * block. Without a name it adds `# friendly_name = x` inside the section. A comment whose form
 * cannot hold the new name becomes `# friendly_name = x`.
 *
 * @example
 * ```ts
 * setPeerName(section, "Anna's laptop")
 * ```
 *
 * @throws WireGuardError `EINVAL` when the name is empty or more than one line
 */
export function setPeerName(
  section: ConfSection,
  name: string,
  options: PeerNameOptions = {},
): void {
  const text = checkName(name)
  const line = `friendly_name = ${text}`
  const before = findName(section, options)
  if (before === undefined) {
    section.addComment(line)
    return
  }
  const { place, index, found } = before
  const isThat = (comment: PlacedComment): boolean =>
    comment.place === place && comment.index === index
  section.rewriteComment((comment) => (isThat(comment) ? found.with(text) : undefined))
  // The form may not be able to hold the name.
  if (peerName(section, options) !== text) {
    section.rewriteComment((comment) => (isThat(comment) ? line : undefined))
  }
  section.rewriteComment((comment) => newEnd(comment.text, found.name, text))
}

/**
 * Checks the name of a peer and returns it without the white space at its ends, which is not part
 * of a name that is read.
 *
 * @throws WireGuardError `EINVAL` when it is empty or more than one line
 */
export function checkName(name: string, path = 'name'): string {
  const text = checkComment(name).trim()
  if (text === '') throw invalid('expected one line of text', { path })
  return text
}

/**
 * Returns an end marker with the new name; `undefined` unless the comment is one with the old name.
 * One that could not be written is left alone, because the name has been changed already.
 */
function newEnd(comment: string, before: string, name: string): string | undefined {
  if (!isEndMarker(comment) || !comment.includes(before) || !isComment(comment)) return undefined
  const at = comment.lastIndexOf(before)
  return `${comment.slice(0, at)}${name}${comment.slice(at + before.length)}`
}

/** A name in a comment. */
interface Found {
  readonly name: string
  /** Returns the comment with another name. */
  with(name: string): string
}

/** Reads the name in a comment; `undefined` when the comment has another form. */
type Style = (comment: string) => Found | undefined

function findName(
  section: ConfSection,
  options: PeerNameOptions,
): (Pick<PlacedComment, 'place' | 'index'> & { readonly found: Found }) | undefined {
  // The index that `peers.map(peerName)` passes is no object with options.
  if (typeof options !== 'number')
    checkOptions(options, NAME_OPTIONS, { operation: 'name of peer' })
  const { styles = [] } = options
  const comments = section.placedComments
  if (comments.length === 0) return undefined
  const all = [...Array.from(styles, ownStyle), ...STYLES]
  for (const { text, place, index } of comments) {
    for (const style of all) {
      const found = style(text)
      if (found !== undefined) return { place, index, found }
    }
  }
  const plain =
    comments.find(({ place, text }) => place === 'header' && text !== '') ??
    comments.find(({ place, text }) => place === 'first' && isWord(text))
  if (plain === undefined) return undefined
  const { text, place, index } = plain
  return { place, index, found: { name: text, with: (name) => name } }
}

/** Whether a comment is one word with a letter in it, but no disabled entry and no key. */
function isWord(comment: string): boolean {
  return /^[^\s=:[\]]*\p{L}[^\s=:[\]]*$/u.test(comment) && !mayHoldKey(comment)
}

function ownStyle(pattern: RegExp, index: number): Style {
  // Not by `instanceof`: the expression may come from another realm.
  if (Object.prototype.toString.call(pattern) === '[object RegExp]') return matching(pattern)
  throw invalid('expected a regular expression', { path: `styles[${index}]` })
}

/** The style of an expression whose first group is the name. */
function matching(pattern: RegExp): Style {
  const flags = pattern.flags.replace(/[gyd]/g, '')
  const located = new RegExp(pattern.source, `${flags}d`)
  return (comment) => {
    const [from, to] = located.exec(comment)?.indices?.[1] ?? [0, 0]
    const whole = comment.slice(from, to)
    const name = whole.trim()
    if (name === '') return undefined
    const start = from + whole.indexOf(name)
    const end = start + name.length
    return { name, with: (other) => comment.slice(0, start) + other + comment.slice(end) }
  }
}

/** `friendly_json = {"name": "x"}` of prometheus_wireguard_exporter. */
const inJSON: Style = (comment) => {
  const json = /^friendly_json[ \t]*=(.*)$/is.exec(comment)?.[1]
  const name = json === undefined ? undefined : nameInJSON(json)
  if (name === undefined) return undefined
  const text = JSON.stringify(name)
  const start = comment.indexOf(text, comment.search(/"name"\s*:/) + 6)
  return {
    name,
    with: (other) =>
      start < 0
        ? comment
        : comment.slice(0, start) + JSON.stringify(other) + comment.slice(start + text.length),
  }
}

function nameInJSON(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isNamed = typeof value === 'object' && value !== null && 'name' in value
    return isNamed && typeof value.name === 'string' && value.name !== '' ? value.name : undefined
  } catch {
    return undefined
  }
}

// No two parts of a pattern may match the same white space, because that takes quadratic time. Only
// a line feed ends a line of a file, so that a name may have a U+2028.
const STYLES: readonly Style[] = [
  matching(/^friendly_name[ \t]*=(.*)$/is),
  inJSON,
  // `#Name# = x` of WGDashboard.
  matching(/^name#?[ \t]*[=:](.*)$/is),
  matching(/^(?:-WGP-[ \t]*)?display_?name[ \t]*[=:](.*)$/is),
  // The number or UUID in parentheses is the id that wg-easy adds.
  matching(/^client[ \t]*[=:](.*) \((?:\d+|[0-9a-f]{8}-[0-9a-f-]{27})\)$/is),
  matching(/^client[ \t]*[=:](.*)$/is),
  matching(/^client[ \t]+([^ \t]+)$/i),
  matching(/^peer[ \t]*[=:](.*)$/is),
  matching(/^begin(?:_peer|_client)?[ \t]([^#]*)#*$/i),
]
