import { errorCode } from 'wireguardcfg/internal'

/**
 * Runs a synchronous step, again as long as a signal interrupts it. The synchronous functions of
 * node:fs pass `EINTR` on, which open(2) and read(2) can return for the files in /proc.
 */
export function uninterrupted<T>(step: () => T): T {
  for (;;) {
    try {
      return step()
    } catch (error) {
      if (errorCode(error) !== 'EINTR') throw error
    }
  }
}
