/** `idleTimeout` when the caller gives none, in milliseconds. */
export const DEFAULT_IDLE_TIMEOUT = 5000

// The longest delay of a timer: Node takes a longer one for 1 ms.
const MAX_IDLE_TIMEOUT = 2 ** 31 - 1

/** What limits a {@link Deadline}. */
export interface DeadlineOptions {
  /** Fails the deadline when it is aborted. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds without progress; default {@link DEFAULT_IDLE_TIMEOUT}, 0: no limit. */
  readonly idleTimeout?: number | undefined
}

/** Why a {@link Deadline} failed, or could not begin. */
export interface DeadlineFailure {
  /** The POSIX name of the failure, or `ABORT_ERR`. */
  readonly code: 'ABORT_ERR' | 'EINVAL' | 'ETIMEDOUT'
  /** The failure in words. */
  readonly message: string
  /** The reason of the signal. */
  readonly cause?: unknown
}

/** Something that makes progress. */
export interface Progress {
  /** When it last did, on the clock of `performance.now()`; 0: not yet. */
  readonly lastProgress: number
}

/**
 * Fails what it limits when that makes no progress for `idleTimeout` milliseconds, or when its
 * signal is aborted. Dispose of it at the end, so that no timer and no listener stays.
 *
 * It knows nothing of what it limits: `toError` makes the error of a failure.
 */
export class Deadline<E extends Error = Error> implements Disposable {
  readonly #signal: AbortSignal | undefined
  readonly #idleTimeout: number
  readonly #toError: (failure: DeadlineFailure) => E
  readonly #onAbort = () => this.fail(this.#toError(aborted(this.#signal?.reason)))
  readonly #listeners = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #error: E | undefined
  /** When the present wait began. */
  #waitingSince = performance.now()
  #touchedAt = 0
  /** What this one waits for, whose progress is its own meanwhile. */
  #ahead: Progress | undefined

  /**
   * Starts the idle time and listens to the signal.
   *
   * @throws what `toError` makes: `ABORT_ERR` when the signal is already aborted, `EINVAL` when
   * `idleTimeout` is not a number of milliseconds
   */
  constructor(options: DeadlineOptions, toError: (failure: DeadlineFailure) => E) {
    const { signal, idleTimeout = DEFAULT_IDLE_TIMEOUT } = options
    if (!(Number.isFinite(idleTimeout) && idleTimeout >= 0 && idleTimeout <= MAX_IDLE_TIMEOUT)) {
      const message = `idleTimeout ${String(idleTimeout)}: expected milliseconds, or 0 for no limit`
      throw toError({ code: 'EINVAL', message })
    }
    this.#toError = toError
    this.#idleTimeout = idleTimeout
    this.#signal = signal
    if (signal?.aborted === true) throw toError(aborted(signal.reason))
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (idleTimeout > 0) this.#watch(idleTimeout)
  }

  /** When it last made progress, or what it waits for did. */
  get lastProgress(): number {
    return Math.max(this.#touchedAt, this.#ahead?.lastProgress ?? 0)
  }

  /** Reports progress: the idle time starts again, also for those who wait for this one. */
  touch(): void {
    // The timer finds out by itself: this is called for every message of a dump.
    this.#touchedAt = performance.now()
  }

  /** From now on the progress of `ahead` counts as its own, until {@link Deadline.resume}. */
  waitFor(ahead: Progress): void {
    this.#ahead = ahead
  }

  /**
   * Ends a wait: the idle time starts again. That is no progress yet, so it does not start again
   * for those who wait for this one.
   */
  resume(): void {
    this.#ahead = undefined
    this.#waitingSince = performance.now()
  }

  /** Waits for work of this process, which is progress for as long as it goes on. */
  async whileWorking<T>(work: Promise<T>): Promise<T> {
    this.waitFor(AT_WORK)
    try {
      return await this.race(work)
    } finally {
      this.resume()
      this.touch()
    }
  }

  /** Fails, unless it already failed. */
  fail(error: E): void {
    if (this.#error !== undefined) return
    this.#error = error
    // The owner may never dispose of it: an iterator ends when its consumer asks for more.
    this[Symbol.dispose]()
    for (const listener of this.#listeners) listener()
  }

  /**
   * Checks that it has not failed.
   *
   * @throws the error with which it failed
   */
  check(): void {
    if (this.#error !== undefined) throw this.#error
  }

  /** Calls `listener` at once when it fails, until the function that is returned is called. */
  onFail(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Waits for one step: rejects as soon as the deadline fails. `cancel` then ends the step, for
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

  /** Ends it: it fails no more by itself. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }

  #watch(time: number): void {
    this.#timer = setTimeout(() => {
      // After a long stall of the event loop the timer comes before the input that has been
      // waiting: let that be read first.
      setImmediate(() => this.#expire())
    }, time)
  }

  #expire(): void {
    if (this.#timer === undefined) return
    const idle = performance.now() - Math.max(this.#waitingSince, this.lastProgress)
    if (idle < this.#idleTimeout) {
      this.#watch(Math.ceil(this.#idleTimeout - idle))
    } else {
      const message = `no progress for ${this.#idleTimeout} ms`
      this.fail(this.#toError({ code: 'ETIMEDOUT', message }))
    }
  }
}

/** The failure of a call whose signal was aborted. */
export function aborted(reason: unknown): DeadlineFailure {
  return { code: 'ABORT_ERR', message: 'aborted by the caller', cause: reason }
}

const AT_WORK: Progress = {
  get lastProgress() {
    return performance.now()
  },
}
