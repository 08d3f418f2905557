import { invalid } from '../model/errors.js'
import { isEndMarker } from './comments.js'
import type { ConfSection } from './section.js'
import { checkComment } from './validate.js'

/**
 * The name of a peer that a comment gives, as exporters and panels write them:
 * `# friendly_name = x`, `# Name = x`, `# Client: x`, `### begin x ###`, `### Client x`. Comments
 * inside the section come before those directly above it. `undefined`: none does.
 */
export function peerName(section: ConfSection): string | undefined {
  for (const comment of [...section.comments, ...section.commentsAbove]) {
    const name = nameIn(comment)
    if (name !== undefined) return name
  }
  return undefined
}

/**
 * Names a peer: changes the name where it stands, in the comment inside its section or above it
 * that names it and in the end marker of the block, or else adds `# friendly_name = x` inside. A
 * comment whose form cannot hold the new name becomes `# friendly_name = x`.
 *
 * @throws WireGuardError `EINVAL` when the name is empty or more than one line
 */
export function setPeerName(section: ConfSection, name: string): void {
  const text = checkComment(name)
  if (text === '') throw invalid('name: expected one line of text')
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

/** The end marker of a block with the new name; `undefined`: the comment is none with the old. */
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

// Nothing in them may match the same white space twice: that takes quadratic time.
const PATTERNS = [
  /^friendly_name[ \t]*=(.*)$/i,
  /^name[ \t]*[=:](.*)$/i,
  /^client[ \t]*[=:](.*)$/i,
  /^client[ \t]+([^ \t]+)$/i,
  /^begin[ \t]([^#]*)#*$/i,
]
