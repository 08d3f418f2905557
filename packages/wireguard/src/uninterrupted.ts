// It imports nothing, because the command loads it before it knows whether it needs the library.

/**
 * Runs a synchronous step, again as long as a signal interrupts it. The synchronous functions of
 * node:fs pass `EINTR` on, which open(2) and read(2) can return for the files in /proc.
 */
export function uninterrupted<T>(step: () => T): T {
  for (;;) {
    try {
      return step()
    } catch (error) {
      if (!isInterruption(error)) throw error
    }
  }
}

function isInterruption(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EINTR'
}
