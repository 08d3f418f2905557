import { onAbort, sleep } from 'wireguardcfg/internal'
import type { Clock } from './clock.js'

/** Milliseconds between two looks while something changes. */
const FAST = 1000
/** Milliseconds between two looks at rest. */
const SLOW = 15_000
/** Milliseconds without a change until it is at rest. */
const ACTIVE = 10_000
/** A look takes at most this part of the time of a processor. */
const SHARE = 0.1
/** Milliseconds that news are collected before a look. */
const TOGETHER = 20

/** When to look again. */
export class Pace {
  readonly #clock: Clock
  #changedAt: number
  #adaptive = FAST
  /** Milliseconds of work in the last look. */
  #cost = 0
  #wake: () => void = () => {}
  #isAwake = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.#changedAt = clock.monotonic()
  }

  /** Notes that something is different. */
  noteChange(): void {
    this.#changedAt = this.#clock.monotonic()
  }

  /** Ends the pause. */
  wake(): void {
    this.#isAwake = true
    this.#wake()
  }

  /** Makes a look and measures its work, without the time in which it waits. */
  async measure(look: () => Promise<void>): Promise<void> {
    this.#isAwake = false
    const [began, before] = [this.#clock.monotonic(), process.cpuUsage()]
    await look()
    const { user, system } = process.cpuUsage(before)
    this.#cost = Math.min(this.#clock.monotonic() - began, (user + system) / 1000)
  }

  /**
   * Waits until the next look is due.
   *
   * @param overdueAt when a peer may be overdue, on the clock that goes on during sleep
   */
  async pause(
    intervals: readonly (number | 'adaptive')[],
    overdueAt: number,
    signal: AbortSignal,
  ): Promise<void> {
    const isActive = this.#clock.monotonic() - this.#changedAt < ACTIVE
    this.#adaptive = isActive ? FAST : Math.min(2 * this.#adaptive, SLOW)
    const wanted = intervals.map((interval) =>
      interval === 'adaptive' ? this.#adaptive : interval,
    )
    const interval = Math.min(...wanted, SLOW)
    // A little later, because only then it is overdue.
    const due = Math.max(overdueAt - this.#clock.boot() + 1, Math.min(FAST, interval))
    const rest = this.#cost * (1 / SHARE - 1)
    await this.#sleep(Math.max(Math.min(interval, due), rest), signal)
    if (this.#isAwake) await sleep(Math.max(TOGETHER, rest), signal)
  }

  async #sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#isAwake) return
    const over = new AbortController()
    const stopListening = onAbort(signal, () => over.abort())
    this.#wake = () => over.abort()
    await sleep(milliseconds, over.signal)
    this.#wake = () => {}
    stopListening()
  }
}
