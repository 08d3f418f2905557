import type { PlanOptions } from '../../up/options.js'
import type { Command, CommandContext } from '../context.js'
import { withWireGuard } from '../interfaces.js'
import { printJSON } from '../print-json.js'
import { type QuickRequest, quickRequest } from './arguments.js'
import { abortable, printWarnings, stepPrinter } from './messages.js'

/** `up`: brings a tunnel up from its file. */
export const up: Command = async (args, context) => {
  const known = ['dry-run', 'json', 'no-hooks', 'kill-switch', 'masquerade', 'dns'] as const
  const request = quickRequest(args, known)
  if (request.flags.has('dry-run')) return await printPlan(request, context)
  const isJSON = request.flags.has('json')
  const onStep = isJSON ? undefined : stepPrinter(context)
  // The output of commands would be in the middle of the JSON.
  const running = { onStep, hookOutput: !isJSON }
  return await withWireGuard(context, (wg) =>
    abortable(context, async (signal) => {
      const tunnel = await wg.upFile(request.path, {
        ...optionsOf(request, context),
        ...running,
        signal,
      })
      const { name, backend, fallback, families, warnings } = tunnel
      await printWarnings(isJSON ? [] : warnings, context)
      if (isJSON) await printJSON({ name, backend, fallback, families, warnings }, context.out)
      return 0
    }),
  )
}

/** `plan`: prints what `up` would do. */
export const plan: Command = async (args, context) =>
  await printPlan(
    quickRequest(args, ['json', 'no-hooks', 'kill-switch', 'masquerade', 'dns']),
    context,
  )

async function printPlan(request: QuickRequest, context: CommandContext): Promise<number> {
  return await withWireGuard(context, async (wg) => {
    const planned = await wg.planFile(request.path, optionsOf(request, context))
    if (request.flags.has('json')) await printJSON(planned, context.out)
    else await context.out.write(String(planned))
    return 0
  })
}

function optionsOf(
  { flags, dns, masquerade }: QuickRequest,
  { streams }: CommandContext,
): PlanOptions {
  return {
    hooks: flags.has('no-hooks') ? 'skip' : 'run',
    killSwitch: flags.has('kill-switch'),
    dns,
    masquerade,
    resolve: { lookup: streams.lookup },
  }
}
