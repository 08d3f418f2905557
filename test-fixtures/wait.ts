// Not the global clock, which a test may have stopped.
import { performance } from 'node:perf_hooks'
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises'

/** What {@link until} allows a condition, ms: long for a busy machine, short of jest's limit. */
const LIMIT = 20_000
/** How long it waits before it asks again, ms. */
const INTERVAL = 5

/**
 * Waits for something that happens by itself. Tests wait for a condition, never for a time: a fixed
 * sleep is too short on a busy machine and too long on every other.
 *
 * @param condition asked every few milliseconds; what it throws ends the wait
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

/** Lets the event loop go round: what is ready by then, also on a socket, is handled. */
export async function turns(count = 1): Promise<void> {
  for (let i = 0; i < count; i++) await immediate()
}

/**
 * Waits until a value stays the same for 50 rounds of the event loop: whatever changes it within
 * this process has come to a stop.
 */
export async function untilStill(value: () => unknown): Promise<void> {
  for (let last = value(), still = 0; still < 50; still++) {
    await immediate()
    const next = value()
    if (next !== last) still = 0
    last = next
  }
}
