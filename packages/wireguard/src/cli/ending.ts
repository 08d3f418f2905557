import type { CommandContext } from './context.js'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/** Calls a function when a signal ends the command. Returns what stops listening. */
export function onEnd({ streams }: CommandContext, end: () => void): () => void {
  for (const signal of SIGNALS) process.on(signal, end)
  streams.ended?.addEventListener('abort', end)
  return () => {
    for (const signal of SIGNALS) process.off(signal, end)
    streams.ended?.removeEventListener('abort', end)
  }
}

/** Waits for the signal that ends a command that goes on until then. */
export async function ending(context: CommandContext): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = onEnd(context, () => {
      stop()
      resolve()
    })
  })
}
