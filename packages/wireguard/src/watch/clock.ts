/** The clocks of a machine, in milliseconds. */
export interface Clock {
  /** CLOCK_REALTIME, which can be set. Devices report handshakes on it. */
  readonly wall: () => number
  /** CLOCK_BOOTTIME, which goes on while the machine sleeps. */
  readonly boot: () => number
  /** CLOCK_MONOTONIC, which stands still while the machine sleeps. */
  readonly monotonic: () => number
}

/** The clocks of this machine. */
export const systemClock: Clock = {
  wall: () => Date.now(),
  boot: () => process.getBuiltinModule('node:os').uptime() * 1000,
  monotonic: () => performance.now(),
}

/** The clocks at one moment. */
export interface ClockReading {
  readonly wall: number
  readonly boot: number
  readonly monotonic: number
  /** By how much the wall clock was set lately, forward or back, in the order of the readings. */
  readonly steps: readonly number[]
  /** Whether it was set since the last reading. */
  readonly wasSet: boolean
  /** Whether the machine has slept since the last reading. */
  readonly hasSlept: boolean
}

/** A difference of two clocks that is not their resolution, nor a clock that is being slewed. */
const NOTABLE = 2000

/** Reads the clocks, and tells what happened to them since the last time. */
export class Clocks {
  readonly #clock: Clock
  #last: ClockReading | undefined
  /** Reading the clock that goes on during sleep takes longer than looking at a device. */
  #recent: ClockReading | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Reads the clocks at the beginning of a round. */
  read(): ClockReading {
    this.#last = this.now()
    this.#recent = undefined
    return this.#last
  }

  /** Returns the clocks to the millisecond, compared with the beginning of the round. */
  now(): ClockReading {
    const clock = this.#clock
    const monotonic = clock.monotonic()
    if (this.#recent !== undefined && monotonic - this.#recent.monotonic < 1) return this.#recent
    const now = { wall: clock.wall(), boot: clock.boot(), monotonic }
    const last = this.#last
    const passed = last === undefined ? 0 : now.boot - last.boot
    const slept = last === undefined ? 0 : passed - (now.monotonic - last.monotonic)
    const step = last === undefined ? 0 : now.wall - last.wall - passed
    const steps = [...(last?.steps.slice(-1) ?? []), step]
    const [wasSet, hasSlept] = [Math.abs(step) > NOTABLE, slept > NOTABLE]
    return (this.#recent = { ...now, steps, wasSet, hasSlept })
  }
}
