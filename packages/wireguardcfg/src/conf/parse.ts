import { Conf } from './conf.js'
import { ConfLine, type LineEnd } from './line.js'
import { parseParts } from './parse-parts.js'
import { BYTE_ORDER_MARK } from './text.js'

/**
 * Reads a file. It never throws, and `formatConf` returns the same text for any input. `checkConf`
 * and the functions that interpret the content report what is wrong with it.
 *
 * Only a line feed ends a line, because a carriage return is white space to wg(8). A byte order
 * mark is kept and does not affect how the first line is read; `checkConf` reports that wg(8)
 * refuses it. Read the file as `utf8`. A file in another encoding is returned byte by byte only if
 * it is read and written as `latin1`.
 *
 * @example
 * ```ts
 * const conf = parseConf(await readFile('/etc/wireguard/wg0.conf', 'utf8'))
 * conf.set('ListenPort', '51820')
 * await writeFile('/etc/wireguard/wg0.conf', formatConf(conf))
 * ```
 */
export function parseConf(text: string): Conf {
  const lines = splitLines(text)
  return new Conf(parseParts(lines), lines[0]?.end ?? '')
}

/**
 * Returns the text of a file. Without edits it is the text that was read.
 *
 * @example
 * ```ts
 * formatConf(parseConf(text)) === text // true
 * ```
 */
export function formatConf(conf: Conf): string {
  const { lines, lineEnd } = conf
  let text = ''
  for (let i = 0; i < lines.length; i++) {
    const { text: content, end } = lines[i]!
    // A line may have been added after a last line without an end.
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
