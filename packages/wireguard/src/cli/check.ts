import { checkConf, formatProblem } from 'wireguardcfg/conf'
import { isPortableInterfaceName } from 'wireguardcfg'
import { escapeUnprintable, hideKeys } from 'wireguardcfg/internal'
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
    const nameFault = faultOfName(path)
    if (nameFault !== undefined) {
      await context.out.write(`${shown(path)}:1:1: warning: ${nameFault}\n`)
    }
    for (const problem of checkConf(await readInput(path, context))) {
      await context.out.write(`${shown(path)}:${formatProblem(problem)}\n`)
      if (problem.severity === 'error') code = 1
    }
  }
  return code
}

/** wg-quick(8) takes the name of a file for that of the interface. */
function faultOfName(path: string): string | undefined {
  const name = /(?:^|\/)([^/]*)\.conf$/.exec(path)?.[1]
  if (name === undefined || isPortableInterfaceName(name)) return undefined
  return `the name of the file is no name of an interface, as wg-quick(8) needs it: expected 1 to 15 letters, digits and _ = + . - before ".conf"`
}

function shown(path: string): string {
  return escapeUnprintable(hideKeys(path))
}
