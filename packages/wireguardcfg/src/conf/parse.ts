import { divideGap } from './comments.js'
import { Conf } from './conf.js'
import { ConfLine, type LineEnd, type Token } from './line.js'
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
  let section: { header: ConfLine; lead: readonly ConfLine[]; body: ConfLine[] } | undefined
  const finish = (hasNext: boolean): readonly ConfLine[] => {
    const { header, lead = [], body = prologue } = section ?? {}
    const gap = divideGap(takeGap(body), hasNext)
    for (const line of gap.own) body.push(line)
    if (header?.token.kind === 'header') {
      const { between } = gap
      sections.push(new ConfSection(header.token.section, { lead, header, body, between }))
    } else for (const line of gap.between) prologue.push(line)
    return gap.lead
  }
  for (const line of lines) {
    if (line.token.kind === 'header') section = { lead: finish(true), header: line, body: [] }
    else (section?.body ?? prologue).push(line)
  }
  finish(false)
  return new Conf(prologue, sections, lines[0]?.end ?? '')
}

/** The text of a file; for one that was read and not edited, the text that was read. */
export function formatConf(conf: Conf): string {
  const { lines, lineEnd } = conf
  let text = ''
  for (let i = 0; i < lines.length; i++) {
    const { text: content, end } = lines[i]!
    // Something may have been added behind a last line without an end.
    text += content + (end === '' && i < lines.length - 1 ? lineEnd : end)
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

/** Takes the comments and empty lines off the end. */
function takeGap(lines: ConfLine[]): ConfLine[] {
  return lines.splice(lines.findLastIndex(({ token }) => !isSpace(token)) + 1)
}

function isSpace({ kind }: Token): boolean {
  return kind === 'blank' || kind === 'comment'
}
