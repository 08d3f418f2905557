import type { Conf } from './conf.js'
import { trim } from './text.js'
import { parseConf } from './parse.js'
import { ConfError } from './problem.js'
import { QuickReader } from './quick-reader.js'
import { parseSaveConfig } from './values/quick.js'

/**
 * Returns what `wg-quick strip` prints to the byte: the lines that wg-quick(8) passes to wg(8).
 * This is not lossless. bash removes blanks and tabs at both ends of each line, and NUL characters,
 * and there is an additional empty line at the end.
 *
 * @example
 * ```ts
 * stripConf('[Interface]\nAddress = 10.0.0.1/24\nListenPort = 51820\n')
 * // '[Interface]\nListenPort = 51820\n\n'
 * ```
 *
 * @throws ConfError `EINVAL` for a `SaveConfig` that is neither true nor false, because wg-quick(8)
 * then fails
 */
export function stripConf(conf: Conf | string): string {
  const { lines } = typeof conf === 'string' ? parseConf(conf) : conf
  const reader = new QuickReader()
  let text = ''
  for (const [i, { text: line, end, token }] of lines.entries()) {
    const carriageReturn = end === '\r\n' ? '\r' : ''
    const read = `${line}${carriageReturn}`.replaceAll('\0', '').replace(/^[ \t]+/, '')
    const kept = trimEnd(read)
    const entry = reader.read(kept)
    if (entry?.key === 'SaveConfig') {
      const parsed = parseSaveConfig(trim(entry.value))
      if ('fault' in parsed) {
        const column = token.kind === 'entry' ? token.start + 1 : 1
        const wgMessage = undefined
        const where = { severity: 'error', line: i + 1, column, key: entry.key, wgMessage } as const
        throw new ConfError({ ...parsed.fault, ...where })
      }
    }
    const isLastAndEmpty = end === '' && i === lines.length - 1 && kept === ''
    if (entry === undefined && !isLastAndEmpty) text += `${kept}\n`
  }
  return `${text}\n`
}

function trimEnd(line: string): string {
  let end = line.length
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--
  return line.slice(0, end)
}
