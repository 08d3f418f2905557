import { Conf } from './conf.js'
import { ConfLine, type LineEnd } from './line.js'
import { ConfSection } from './section.js'

/**
 * U+FEFF at the start of a file, which some editors of Windows write. wg(8) takes it as part of the
 * first line and refuses that.
 */
export const BYTE_ORDER_MARK = '\uFEFF'

/**
 * Reads a file. It never fails, and `formatConf` gives back the same text whatever it was: what is
 * wrong with the content is told by `checkConf`, and by the functions that read its meaning.
 *
 * Only a line feed ends a line (a carriage return is white space to wg(8)). A byte order mark is
 * kept; behind it the first line is read as it was meant, and `checkConf` says that wg(8) refuses
 * it. Read the file as `utf8`; a file in another encoding comes back byte by byte only when it is
 * read and written as `latin1`.
 */
export function parseConf(text: string): Conf {
  const lines = splitLines(text)
  const prologue: ConfLine[] = []
  const sections: ConfSection[] = []
  let pending: { header: ConfLine; lead: ConfLine[]; body: ConfLine[] } | undefined
  const finish = () => {
    const token = pending?.header.token
    if (pending === undefined || token?.kind !== 'header') return
    sections.push(new ConfSection(token.section, pending.lead, pending.header, pending.body))
  }
  for (const line of lines) {
    if (line.token.kind === 'header') {
      const lead = takeCommentBlock(pending?.body ?? prologue)
      finish()
      pending = { header: line, lead, body: [] }
    } else (pending?.body ?? prologue).push(line)
  }
  finish()
  return new Conf(prologue, sections, lines[0]?.end ?? '')
}

/** The text of a file; for one that was read and not edited, the text that was read. */
export function formatConf(conf: Conf): string {
  const { lines, lineEnd } = conf
  let text = ''
  for (const [i, line] of lines.entries()) {
    // Something may have been added behind a last line without an end.
    const end = line.end === '' && i < lines.length - 1 ? lineEnd : line.end
    text += line.text + end
  }
  return text
}

function splitLines(text: string): ConfLine[] {
  const lines: ConfLine[] = []
  let start = 0
  while (start < text.length) {
    const newline = text.indexOf('\n', start)
    const stop = newline < 0 ? text.length : newline
    const crlf = newline > start && text[stop - 1] === '\r'
    const end: LineEnd = newline < 0 ? '' : crlf ? '\r\n' : '\n'
    const skip = start === 0 && text.startsWith(BYTE_ORDER_MARK) ? 1 : 0
    lines.push(new ConfLine(text.slice(start, crlf ? stop - 1 : stop), end, skip))
    start = stop + 1
  }
  return lines
}

/** Takes the comment lines off the end: they belong to the section whose header comes next. */
function takeCommentBlock(lines: ConfLine[]): ConfLine[] {
  let first = lines.length
  while (first > 0 && lines[first - 1]!.token.kind === 'comment') first--
  return lines.splice(first)
}
