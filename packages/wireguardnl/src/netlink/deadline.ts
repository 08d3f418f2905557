import { NetlinkError } from './errors.js'

/** What every exchange takes. */
export interface ExchangeOptions {
  /** Ends the exchange: it rejects with ABORT_ERR, the signal's reason as cause. */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds without progress after which the exchange rejects with ETIMEDOUT; default 5000, 0:
   * none.
   */
  readonly idleTimeout?: number | undefined
  /** What is being done, for errors: 'list links'. */
  readonly operation?: string | undefined
}

const DEFAULT_IDLE_TIMEOUT = 5000
const MAX_TIMEOUT = 2 ** 31 - 1

/**
 * Ends one exchange when it makes no progress, or when its signal is aborted. `end` it, so that no
 * timer and no listener stays.
 */
export class Deadline {
  readonly operation: string
  readonly #signal: AbortSignal | undefined
  readonly #idleTimeout: number
  readonly #onAbort = () => this.fail(abortError(this.operation, this.#signal))
  #touches = 0
  #timer: NodeJS.Timeout | undefined
  #error: NetlinkError | undefined
  #reject: ((error: NetlinkError) => void) | undefined
  #onFail: (() => void) | undefined

  /**
   * @throws {NetlinkError} ABORT_ERR when the signal is aborted already, EINVAL when the idle
   * timeout is not a time
   */
  constructor({
    signal,
    idleTimeout = DEFAULT_IDLE_TIMEOUT,
    operation = 'exchange',
  }: ExchangeOptions) {
    this.operation = operation
    this.#signal = signal
    this.#idleTimeout = idleTimeout
    if (!(idleTimeout >= 0 && idleTimeout <= MAX_TIMEOUT)) {
      throw new NetlinkError(`idle timeout ${idleTimeout}: expected milliseconds from 0`, {
        code: 'EINVAL',
        kind: 'call',
        operation,
      })
    }
    if (signal?.aborted === true) throw abortError(operation, signal)
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /**
   * Starts the idle time; until then, only the signal counts. `onFail` is called at once when the
   * deadline fails.
   */
  start(onFail: () => void): void {
    this.#onFail = onFail
    if (this.#idleTimeout === 0) return
    const expire = () =>
      this.fail(
        new NetlinkError(`ETIMEDOUT, no progress for ${this.#idleTimeout} ms`, {
          code: 'ETIMEDOUT',
          kind: 'call',
          operation: this.operation,
        }),
      )
    // After a long stall of the event loop the timer comes before the reply that has been waiting:
    // let that be read first.
    this.#timer = setTimeout(() => {
      const touches = this.#touches
      setImmediate(() => {
        if (this.#timer !== undefined && this.#touches === touches) expire()
      })
    }, this.#idleTimeout)
  }

  /** There was progress: the idle time begins anew. Throws like `check`. */
  touch(): void {
    this.check()
    this.#touches += 1
    this.#timer?.refresh()
  }

  /** Throws the error of this exchange once it failed. */
  check(): void {
    if (this.#error !== undefined) throw this.#error
  }

  /** Waits for a step; rejects as soon as the deadline fails. One at a time. */
  async race<T>(step: Promise<T>): Promise<T> {
    this.check()
    const failed = new Promise<never>((_, reject) => {
      this.#reject = reject
    })
    try {
      return await Promise.race([step, failed])
    } finally {
      this.#reject = undefined
    }
  }

  /** Fails the exchange from outside. */
  fail(error: NetlinkError): void {
    if (this.#error !== undefined) return
    this.#error = error
    const onFail = this.#onFail
    // The owner may never come back to end it: the consumer of an iterator that just stopped
    // asking.
    this.end()
    onFail?.()
    this.#reject?.(error)
  }

  /** The exchange is over. */
  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#onFail = undefined
  }
}

function abortError(operation: string, signal: AbortSignal | undefined): NetlinkError {
  return new NetlinkError('aborted by the caller', {
    code: 'ABORT_ERR',
    kind: 'call',
    operation,
    cause: signal?.reason,
  })
}
