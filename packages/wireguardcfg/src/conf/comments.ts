import { peerKey, quickKey, wgInterfaceKey } from './keys.js'
import { ConfLine } from './line.js'

/**
 * The comments and empty lines after the last entry of a section, divided by what they belong to.
 */
export interface Gap {
  /** Comments of the section itself: disabled entries, the end of its block, remarks. */
  readonly own: readonly ConfLine[]
  /** Lines that stay when a section is removed: disabled peers, remarks between empty lines. */
  readonly between: readonly ConfLine[]
  /** The comments directly above the next header. */
  readonly lead: readonly ConfLine[]
}

/**
 * Divides the lines between the last entry of a section and the next header as a reader would:
 *
 * - Comments directly above a header belong to its section. Those directly below an entry belong to
 *   the section of that entry, when an empty line or the end of the file follows them.
 * - A marker such as `# END_PEER anna` or `### end anna ###` closes the block of the section above.
 * - A disabled entry, such as `#Endpoint = ...`, directly below the entries is one of them.
 * - A disabled section, from the comments above its `#[Peer]` to its last disabled entry or end
 *   marker, belongs to neither section.
 *
 * @param hasNext whether a header follows; otherwise the file ends
 */
export function divideGap(lines: readonly ConfLine[], hasNext: boolean): Gap {
  if (lines.length === 0) return NO_GAP
  const kinds = lines.map(kindOf)
  const blank = kinds.indexOf('blank')
  const first = blank < 0 ? lines.length : blank
  const touchesNext = blank < 0 && hasNext
  const own = disabledSectionAt(kinds, 0, first) ?? (touchesNext ? ownLength(kinds) : first)
  const lead = hasNext ? leadStart(kinds, own) : lines.length
  return { own: lines.slice(0, own), between: lines.slice(own, lead), lead: lines.slice(lead) }
}

const NO_GAP: Gap = { own: [], between: [], lead: [] }

/** Returns the text of a comment line without its `#` signs: `friendly_name = x`. */
export function commentText(line: string): string {
  return line.slice(commentStart(line)).trimEnd()
}

/** Returns where the text of a comment line begins, behind its `#` signs. */
export function commentStart(line: string): number {
  return /^[^#]*#+[ \t]*/.exec(line)?.[0].length ?? 0
}

/** Returns whether the text of a comment ends a block, like `END_PEER anna` or `end anna ###`. */
export function isEndMarker(comment: string): boolean {
  return /^[^A-Za-z]*end(?![A-Za-z])/i.test(comment)
}

type Kind = 'blank' | 'header' | 'entry' | 'end' | 'remark'

/** Returns what a comment would be without its `#`. An end marker is `end`. */
function kindOf(line: ConfLine): Kind {
  if (line.token.kind === 'blank') return 'blank'
  const text = commentText(line.text).replace(PIVPN_DISABLED, '')
  // Most comments are remarks. This finds them without parsing.
  if (!/[[=]/.test(text)) return isEndMarker(text) ? 'end' : 'remark'
  const { token } = new ConfLine(text, '')
  if (token.kind === 'header' && token.section !== undefined) return 'header'
  if (token.kind === 'entry' && isKey(token.name)) return 'entry'
  return isEndMarker(text) ? 'end' : 'remark'
}

/** What PiVPN writes before every line of a disabled peer, without the first `#`. */
const PIVPN_DISABLED = /^\[disabled\] [#\t ]*/

function isKey(name: string): boolean {
  return (wgInterfaceKey(name) ?? quickKey(name) ?? peerKey(name)) !== undefined
}

/**
 * Returns where the first disabled section, with the remarks above it, begins in a run of comments.
 */
function disabledSectionAt(kinds: readonly Kind[], from: number, to: number): number | undefined {
  let header = kinds.indexOf('header', from)
  if (header < 0 || header >= to) return undefined
  while (header > from && kinds[header - 1] === 'remark') header--
  return header
}

/** Returns how many comments of a run that touches the next header belong to the section above. */
function ownLength(kinds: readonly Kind[]): number {
  const end = kinds.lastIndexOf('end')
  if (end >= 0) return end + 1
  const other = kinds.findIndex((kind) => kind !== 'entry')
  return other < 0 ? kinds.length : other
}

/** Returns where the comments of the next section begin. */
function leadStart(kinds: readonly Kind[], from: number): number {
  let start = Math.max(from, kinds.lastIndexOf('blank') + 1, kinds.lastIndexOf('end') + 1)
  const header = kinds.lastIndexOf('header')
  if (header >= start) start = Math.max(header, kinds.lastIndexOf('entry')) + 1
  return start
}
