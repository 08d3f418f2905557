import type { PlanStep } from '../../up/plan/step.js'
import type { CommandContext } from '../context.js'
import { onEnd } from '../ending.js'

/** Prints each step as wg-quick(8) does, on standard error, before it happens. */
export function stepPrinter({ err }: CommandContext): (step: PlanStep) => void {
  return ({ command }) => {
    // The commands of a file write to the same place.
    void err.write(`[#] ${command}\n`).then(() => err.flush())
  }
}

/** Prints warnings on standard error. */
export async function printWarnings(
  warnings: readonly string[],
  { err, program }: CommandContext,
): Promise<void> {
  for (const warning of warnings) await err.write(`${program}: warning: ${warning}\n`)
}

/** Runs a step that SIGINT and SIGTERM abort, so that it can undo what it began. */
export async function abortable<T>(
  context: CommandContext,
  step: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const stop = onEnd(context, () => controller.abort())
  try {
    return await step(controller.signal)
  } finally {
    stop()
  }
}
