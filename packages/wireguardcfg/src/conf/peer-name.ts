import { invalid } from '../model/errors.js'
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
 * Names a peer: changes the comment inside its section that names it, or adds `# friendly_name = x`
 * there. A comment above the section stays as it is, and no longer counts.
 *
 * @throws WireGuardError `EINVAL` when the name is empty or more than one line
 */
export function setPeerName(section: ConfSection, name: string): void {
  const text = checkComment(name)
  if (text === '') throw invalid('name: expected one line of text')
  const comment = `friendly_name = ${text}`
  const replaced = section.replaceComment((other) => nameIn(other) !== undefined, comment)
  if (!replaced) section.addComment(comment)
}

function nameIn(comment: string): string | undefined {
  for (const pattern of PATTERNS) {
    const name = pattern.exec(comment)?.[1]?.trim()
    if (name !== undefined && name !== '') return name
  }
  return undefined
}

const PATTERNS = [
  /^friendly_name[ \t]*=(.*)$/i,
  /^name[ \t]*[=:](.*)$/i,
  /^client[ \t]*[=:](.*)$/i,
  /^client[ \t]+([^ \t]+)$/i,
  /^begin[ \t]+([^#]*)#*$/i,
]
