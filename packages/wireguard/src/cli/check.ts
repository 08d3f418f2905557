import { checkConf, formatProblem } from 'wireguardcfg/conf'
import { hideKeys } from 'wireguardcfg/internal'
import { type Command, UsageError } from './context.js'
import { readInput } from './input.js'

/**
 * `check`: prints every problem of configuration files of wg(8) and wg-quick(8) with its line.
 * wg(8) has no such subcommand.
 */
export const check: Command = async (args, context) => {
  if (args.length === 0) throw new UsageError('')
  let code = 0
  for (const path of args) {
    for (const problem of checkConf(await readInput(path, context))) {
      await context.out.write(`${hideKeys(path)}:${formatProblem(problem)}\n`)
      if (problem.severity === 'error') code = 1
    }
  }
  return code
}
