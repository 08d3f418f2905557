import type { Call } from './call.js'

/**
 * Puts calls on the same device in the order in which they were made, one at a time. A call that
 * waits is idle like any other: its deadline passes unless the calls before it make progress.
 */
export class Lanes {
  readonly #lanes = new Map<string, Waiter[]>()

  /**
   * Runs `step` when every earlier step of this lane has ended. `touch` reports progress, also to
   * those who wait.
   */
  async run<T>(lane: string, call: Call, step: (touch: () => void) => Promise<T>): Promise<T> {
    const waiters = await this.#enter(lane, call)
    try {
      const result = await step(() => {
        call.touch()
        for (const waiter of waiters) waiter.call.touch()
      })
      for (const waiter of waiters) waiter.call.touch()
      return result
    } finally {
      this.#leave(lane, waiters)
    }
  }

  async #enter(lane: string, call: Call): Promise<Waiter[]> {
    const waiters = this.#lanes.get(lane)
    if (waiters === undefined) {
      const first: Waiter[] = []
      this.#lanes.set(lane, first)
      return first
    }
    let start = IGNORE
    const turn = new Promise<void>((resolve) => {
      start = resolve
    })
    const waiter = { call, start }
    waiters.push(waiter)
    await call.race(turn, () => {
      const place = waiters.indexOf(waiter)
      if (place >= 0) waiters.splice(place, 1)
      // The turn was given in the moment in which the call failed: hand it on.
      else this.#leave(lane, waiters)
    })
    return waiters
  }

  #leave(lane: string, waiters: Waiter[]): void {
    const next = waiters.shift()
    if (next === undefined) this.#lanes.delete(lane)
    else next.start()
  }
}

const IGNORE = (): void => {}

interface Waiter {
  readonly call: Call
  readonly start: () => void
}
