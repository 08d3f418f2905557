import { onAbort } from './abort.js'
import { readCallLimits } from './call-limits.js'

/** What limits a {@link Deadline}. */
export interface DeadlineOptions {
  /** A signal; the deadline fails when it is aborted. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds without progress; default 5000, 0: no limit. */
  readonly idleTimeout?: number | undefined
  /** Milliseconds in all, whatever the progress; default 300000, 0: no limit. */
  readonly timeout?: number | undefined
}

/** The reason why a {@link Deadline} failed or could not begin. */
export interface DeadlineFailure {
  /** The POSIX name of the failure, or `ABORT_ERR`. */
  readonly code: 'ABORT_ERR' | 'EINVAL' | 'ETIMEDOUT'
  /** The message of the error. */
  readonly message: string
  /** The reason of the aborted signal. */
  readonly cause?: unknown
}

/** Something that makes progress. */
export interface Progress {
  /** The time of its last progress, on the clock of `performance.now()`; 0 before the first. */
  readonly lastProgress: number
}

/**
 * Limits an operation. It fails when the operation makes no progress for `idleTimeout`
 * milliseconds, when it takes longer than `timeout` milliseconds in all, or when the signal is
 * aborted. Dispose of it at the end, so that no timer and no
 * listener remains.
 *
 * It does not depend on the kind of operation: the caller's `toError` makes the error of a failure.
 *
 * @example
 * ```ts
 * using deadline = new Deadline({ signal, idleTimeout: 1000 }, ({ code, message }) =>
 *   Object.assign(new Error(message), { code }),
 * )
 * const reply = await deadline.race(readReply(socket), () => socket.destroy())
 * ```
 */
export class Deadline<E extends Error = Error> implements Disposable {
  readonly #idleTimeout: number
  readonly #timeout: number
  readonly #startedAt = performance.now()
  readonly #toError: (failure: DeadlineFailure) => E
  readonly #stopListening: () => void
  readonly #listeners = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #error: E | undefined
  /** When the current wait began. */
  #waitingSince = performance.now()
  #touchedAt = 0
  /** What this deadline waits for. Its progress counts as progress of this one. */
  #ahead: Progress | undefined
  /** Whether `lastProgress` is being computed. */
  #isAsked = false

  /**
   * Starts both times and listens to the signal.
   *
   * @throws the error that `toError` makes: `ABORT_ERR` when the signal is already aborted,
   * `EINVAL` when an option has no valid value
   */
  constructor(options: DeadlineOptions, toError: (failure: DeadlineFailure) => E) {
    const limits = readCallLimits(options)
    if (typeof limits === 'string') throw toError({ code: 'EINVAL', message: limits })
    const { signal, idleTimeout, timeout } = limits
    this.#toError = toError
    this.#idleTimeout = idleTimeout
    if (signal?.aborted === true) throw toError(aborted(signal.reason))
    this.#stopListening = onAbort(signal, () => this.fail(toError(aborted(signal?.reason))))
    this.#timeout = timeout
    this.#watch()
  }

  /** The time of the last progress of this deadline or of what it waits for. */
  get lastProgress(): number {
    // It may wait for itself: a holder that asks again before its place is given back.
    if (this.#isAsked) return this.#touchedAt
    this.#isAsked = true
    const ahead = this.#ahead?.lastProgress ?? 0
    this.#isAsked = false
    return Math.max(this.#touchedAt, ahead)
  }

  /**
   * Reports progress. The idle time starts again, also for the deadlines that wait for this one.
   */
  touch(): void {
    // This runs for every message of a dump, so it leaves the timer alone. `#expire` sets it again.
    this.#touchedAt = performance.now()
  }

  /** Counts the progress of `ahead` as its own until {@link Deadline.resume}. */
  waitFor(ahead: Progress): void {
    this.#ahead = ahead
  }

  /**
   * Ends a wait. The idle time starts again. The end of a wait is not progress: for the deadlines
   * that wait for this one, the idle time continues.
   */
  resume(): void {
    this.#ahead = undefined
    this.#waitingSince = performance.now()
  }

  /** Waits for work of this process. The work counts as progress until it ends. */
  async whileWorking<T>(work: Promise<T>): Promise<T> {
    this.waitFor(AT_WORK)
    try {
      return await this.race(work)
    } finally {
      this.resume()
      this.touch()
    }
  }

  /** Fails with this error, unless it has already failed. */
  fail(error: E): void {
    if (this.#error !== undefined) return
    this.#error = error
    // The owner may never dispose of it: an iterator ends only when its consumer asks for more.
    this[Symbol.dispose]()
    for (const listener of this.#listeners) listener()
  }

  /**
   * Checks that it has not failed.
   *
   * @throws the error of the failure
   */
  check(): void {
    if (this.#error !== undefined) throw this.#error
  }

  /** Calls `listener` as soon as it fails. Returns a function that removes the listener. */
  onFail(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Waits for one step. Rejects as soon as the deadline fails; `cancel` then ends the step, for
   * example by closing its socket.
   */
  async race<T>(step: Promise<T>, cancel: () => void = () => {}): Promise<T> {
    let stopListening: (() => void) | undefined
    try {
      this.check()
      const failed = new Promise<never>((_, reject) => {
        stopListening = this.onFail(() => reject(this.#error))
      })
      return await Promise.race([step, failed])
    } catch (error) {
      if (this.#error === undefined) throw error
      step.catch(() => {})
      cancel()
      // The step may have failed because the deadline did.
      throw this.#error
    } finally {
      stopListening?.()
    }
  }

  /**
   * Clears the timer and stops listening to the signal. Only {@link Deadline.fail} fails it then.
   */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#stopListening()
  }

  /** Sets the timer for the limit that may be reached first. */
  #watch(): void {
    const time = Math.min(this.#idleLeft(), this.#timeLeft())
    if (time === Infinity) return
    this.#timer = setTimeout(
      () => {
        // After a long stall of the event loop, the timer runs before the input that has been
        // waiting. Let that input be read first.
        setImmediate(() => this.#expire())
      },
      Math.max(0, Math.ceil(time)),
    )
  }

  #idleLeft(): number {
    if (this.#idleTimeout === 0) return Infinity
    return Math.max(this.#waitingSince, this.lastProgress) + this.#idleTimeout - performance.now()
  }

  #timeLeft(): number {
    return this.#timeout === 0 ? Infinity : this.#startedAt + this.#timeout - performance.now()
  }

  #expire(): void {
    if (this.#timer === undefined) return
    if (this.#timeLeft() <= 0) this.#timeOut(`not finished after ${this.#timeout} ms`)
    else if (this.#idleLeft() <= 0) this.#timeOut(`no progress for ${this.#idleTimeout} ms`)
    else this.#watch()
  }

  #timeOut(message: string): void {
    this.fail(this.#toError({ code: 'ETIMEDOUT', message }))
  }
}

/** Returns the failure of a call whose signal was aborted. */
export function aborted(reason: unknown): DeadlineFailure {
  return { code: 'ABORT_ERR', message: 'aborted by the caller', cause: reason }
}

/** Work of this process, which always makes progress. */
const AT_WORK: Progress = {
  get lastProgress() {
    return performance.now()
  },
}
