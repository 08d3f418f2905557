import { nextTurn } from 'wireguardcfg/internal'

/** Resolves after a time in milliseconds; for 0, in the next turn of the event loop. */
export function pause(time: number): Promise<void> {
  if (time === 0) return nextTurn()
  return new Promise((resolve) => {
    setTimeout(resolve, time)
  })
}
