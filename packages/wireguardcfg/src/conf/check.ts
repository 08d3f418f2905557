import { analyse, type ConfOptions, MISSING_PUBLIC_KEY } from './analysis.js'
import type { Conf } from './conf.js'
import { parseConf } from './parse.js'
import type { ConfProblem } from './problem.js'

/** Everything that is wrong with a file, sorted by line. Without an `error` in it the file is acceptable. */
export function checkConf(conf: Conf | string, options?: ConfOptions): ConfProblem[] {
  const { problems } = analyse(typeof conf === 'string' ? parseConf(conf) : conf, options)
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
}

/**
 * What `wg setconf` and `wg addconf` print on standard error about a file before they look at the device: the warnings up to the first
 * error, its sentence, and how they give up. `''`: nothing. Names of endpoints are not looked up. Differences: what may be a
 * secret is `(hidden)`, and what is refused here alone is said in our words.
 */
export function wgReport(conf: Conf | string, { dialect = 'wg' }: ConfOptions = {}): string {
  let text = ''
  for (const problem of analyse(typeof conf === 'string' ? parseConf(conf) : conf, { dialect })
    .problems) {
    const { severity, key, message, expected, wgMessage } = problem
    if (severity === 'warning') text += wgMessage === undefined ? '' : `${wgMessage}\n`
    else {
      const own = `${key === undefined ? '' : `${key}: `}${message}; expected ${expected}`
      const end =
        wgMessage === MISSING_PUBLIC_KEY ? 'Invalid configuration' : 'Configuration parsing error'
      return `${text}${wgMessage ?? own}\n${end}\n`
    }
  }
  return text
}
