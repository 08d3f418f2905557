// Not the global clock, which a test may have stopped.
import { performance } from 'node:perf_hooks'
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises'

/** The default limit of {@link until}, ms: long for a busy machine, below jest's limit. */
const LIMIT = 20_000
/** The pause before the next check, ms. */
const INTERVAL = 5

/**
 * Waits until a condition holds. Tests wait for a condition, never for a time, because a fixed
 * sleep is too short on a busy machine and too long on every other.
 *
 * @param condition checked every few milliseconds; an error of it ends the wait
 * @param what the condition in words, for the error: 'the server listens'
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what = String(condition),
  limit = LIMIT,
): Promise<void> {
  for (const end = performance.now() + limit; !(await condition()); await sleep(INTERVAL)) {
    if (performance.now() > end) throw new Error(`waited ${limit} ms in vain until ${what}`)
  }
}

/** Waits for turns of the event loop, which handle everything that is ready, also on sockets. */
export async function turns(count = 1): Promise<void> {
  for (let i = 0; i < count; i++) await immediate()
}

/**
 * Waits until a value stays the same for 50 rounds of the event loop. Then nothing in this process
 * changes it.
 */
export async function untilStill(value: () => unknown): Promise<void> {
  for (let last = value(), still = 0; still < 50; still++) {
    await immediate()
    const next = value()
    if (next !== last) still = 0
    last = next
  }
}
