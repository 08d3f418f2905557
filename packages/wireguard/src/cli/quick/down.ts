import type { Command } from '../context.js'
import { withWireGuard } from '../interfaces.js'
import { printJSON } from '../print-json.js'
import { quickRequest } from './arguments.js'
import { printWarnings, stepPrinter } from './messages.js'

/** `down`: takes a tunnel down. A tunnel that is not up is no failure. */
export const down: Command = async (args, context) => {
  const { name, flags } = quickRequest(args, ['json', 'no-hooks'])
  const isJSON = flags.has('json')
  return await withWireGuard(context, async (wg) => {
    const { existed, warnings } = await wg.down(name, {
      hooks: flags.has('no-hooks') ? 'skip' : 'run',
      hookOutput: !isJSON,
      onStep: isJSON ? undefined : stepPrinter(context),
    })
    if (isJSON) await printJSON({ name, existed, warnings }, context.out)
    else {
      await printWarnings(warnings, context)
      if (!existed) await context.err.write(`${context.program}: ${name} is not up\n`)
    }
    return 0
  })
}
