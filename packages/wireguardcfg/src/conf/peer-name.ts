import { invalid } from '../model/errors.js'
import { isEndMarker } from './comments.js'
import type { ConfSection } from './section.js'
import { checkComment } from './validate.js'

/**
 * Returns the name that a comment gives a peer, in the forms of exporters and panels:
 * `# friendly_name = x`, `# Name = x`, `# Client: x`, `### begin x ###`, `### Client x`. Comments
 * inside the section take precedence over those directly above it. Returns `undefined` when there
 * is no name.
 *
 * @example
 * ```ts
 * const names = conf.peers.map((section) => peerName(section) ?? section.get('PublicKey'))
 * ```
 */
export function peerName(section: ConfSection): string | undefined {
  for (const comment of [...section.comments, ...section.commentsAbove]) {
    const name = nameIn(comment)
    if (name !== undefined) return name
  }
  return undefined
}

/**
 * Names a peer. It changes the comment inside the section or above it that holds the name, and the
 * end marker of the block. Without such a comment it adds `# friendly_name = x` inside the section.
 * A comment whose form cannot hold the new name becomes `# friendly_name = x`.
 *
 * @example
 * ```ts
 * setPeerName(section, "Anna's laptop")
 * ```
 *
 * @throws WireGuardError `EINVAL` when the name is empty or more than one line
 */
export function setPeerName(section: ConfSection, name: string): void {
  const text = checkName(name)
  const before = peerName(section)
  const line = `friendly_name = ${text}`
  const rename = (comment: string): string | undefined => {
    const found = nameIn(comment)
    if (found === undefined) return undefined
    const renamed = replaceLast(comment, found, text)
    return nameIn(renamed) === text ? renamed : line
  }
  if (!section.rewriteComment(rename)) section.addComment(line)
  else if (before !== undefined) section.rewriteComment((comment) => newEnd(comment, before, text))
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
 */
function newEnd(comment: string, before: string, name: string): string | undefined {
  return isEndMarker(comment) && comment.includes(before)
    ? replaceLast(comment, before, name)
    : undefined
}

function replaceLast(text: string, part: string, replacement: string): string {
  const at = text.lastIndexOf(part)
  return `${text.slice(0, at)}${replacement}${text.slice(at + part.length)}`
}

function nameIn(comment: string): string | undefined {
  for (const pattern of PATTERNS) {
    const name = pattern.exec(comment)?.[1]?.trim()
    if (name !== undefined && name !== '') return name
  }
  return undefined
}

// No two parts of a pattern may match the same white space, because that takes quadratic time.
const PATTERNS = [
  /^friendly_name[ \t]*=(.*)$/i,
  /^name[ \t]*[=:](.*)$/i,
  /^client[ \t]*[=:](.*)$/i,
  /^client[ \t]+([^ \t]+)$/i,
  /^begin[ \t]([^#]*)#*$/i,
]
