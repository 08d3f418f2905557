import { onAbort } from './abort.js'

/**
 * Waits for a time in milliseconds; the abort of the signal ends the wait without an error.
 *
 * @example
 * ```ts
 * while (!signal.aborted) {
 *   await look()
 *   await sleep(1000, signal)
 * }
 * ```
 */
export function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve()
      return
    }
    const timer: { id?: NodeJS.Timeout } = {}
    const stopListening = onAbort(signal, () => {
      clearTimeout(timer.id)
      resolve()
    })
    timer.id = setTimeout(() => {
      stopListening()
      resolve()
    }, milliseconds)
  })
}
