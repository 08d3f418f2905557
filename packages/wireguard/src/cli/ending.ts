import type { CommandContext } from './context.js'

/** Waits for the signal that ends a command that goes on until then. */
export async function ending({ streams }: CommandContext): Promise<void> {
  const signals = ['SIGTERM', 'SIGINT'] as const
  await new Promise<void>((resolve) => {
    const end = (): void => {
      for (const signal of signals) process.off(signal, end)
      streams.ended?.removeEventListener('abort', end)
      resolve()
    }
    for (const signal of signals) process.on(signal, end)
    streams.ended?.addEventListener('abort', end)
  })
}
