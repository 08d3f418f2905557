import type { Command } from '../context.js'
import { withWireGuard } from '../interfaces.js'
import { printJSON } from '../print-json.js'
import { quickRequest } from './arguments.js'
import { abortable, printWarnings, stepPrinter } from './messages.js'

/** `reload`: makes a tunnel that is up what its file says. */
export const reload: Command = async (args, context) => {
  const known = ['dry-run', 'json', 'no-hooks', 'kill-switch', 'masquerade', 'dns'] as const
  const { path, flags, dns, masquerade } = quickRequest(args, known)
  const isJSON = flags.has('json')
  const dryRun = flags.has('dry-run')
  return await withWireGuard(context, (wg) =>
    abortable(context, async (signal) => {
      const result = await wg.reloadFile(path, {
        dryRun,
        dns,
        masquerade,
        // What is absent is as `up` was told.
        ...(flags.has('no-hooks') ? { hooks: 'skip' } : {}),
        ...(flags.has('kill-switch') ? { killSwitch: true } : {}),
        resolve: { lookup: context.streams.lookup },
        onStep: isJSON ? undefined : stepPrinter(context),
        signal,
      })
      const { steps, families, warnings } = result
      await printWarnings(isJSON ? [] : warnings, context)
      if (isJSON) await printJSON({ steps, families, warnings }, context.out)
      else if (dryRun) await context.out.write(steps.map(({ command }) => `${command}\n`).join(''))
      return 0
    }),
  )
}
