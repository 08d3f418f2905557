import type { CallOptions } from '../model/backend.js'
import { invalid, WireGuardError } from '../model/errors.js'

/** `idleTimeout` when the caller gives none, in milliseconds. */
export const DEFAULT_IDLE_TIMEOUT = 5000

/** What an error of a call says about where it happened. */
export interface CallContext {
  /** What is being done: `read device`. */
  readonly operation: string
  /** The name of the interface. */
  readonly device?: string | undefined
}

/**
 * The deadline of one call: fails it when it makes no progress for `idleTimeout` milliseconds or
 * when its signal is aborted. Dispose of it when the call ends, so that no timer and no listener
 * outlives it.
 */
export class Call implements Disposable {
  /** What errors of this call say about where it happened. */
  readonly context: CallContext
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => this.fail(abortError(this.context, this.#signal?.reason))
  #touches = 0
  #timer: NodeJS.Timeout | undefined
  #error: WireGuardError | undefined
  #onFail: ((error: WireGuardError) => void) | undefined

  /**
   * Starts the idle time and listens to the signal.
   *
   * @throws WireGuardError `ABORT_ERR` when the signal is already aborted, `EINVAL` when
   * `idleTimeout` is not a number of milliseconds
   */
  constructor(context: CallContext, options: CallOptions = {}) {
    const { signal, idleTimeout = DEFAULT_IDLE_TIMEOUT } = options
    if (!(Number.isFinite(idleTimeout) && idleTimeout >= 0 && idleTimeout < 2 ** 31)) {
      throw invalid(
        `idleTimeout ${String(idleTimeout)}: expected milliseconds, or 0 for no limit`,
        context,
      )
    }
    this.context = context
    this.#signal = signal
    if (signal?.aborted === true) throw abortError(context, signal.reason)
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (idleTimeout > 0) {
      this.#timer = setTimeout(() => this.#expire(idleTimeout), idleTimeout)
    }
  }

  /** The call made progress: its idle time starts again. */
  touch(): void {
    this.#touches++
    this.#timer?.refresh()
  }

  /** Fails the call, unless it already failed. */
  fail(error: WireGuardError): void {
    this.#error ??= error
    this.#onFail?.(this.#error)
  }

  /**
   * Checks that the call has not failed.
   *
   * @throws WireGuardError the error with which it failed
   */
  check(): void {
    if (this.#error !== undefined) throw this.#error
  }

  /**
   * Runs one waiting step of the call: rejects as soon as the call fails. `cancel` then ends the
   * step, for example by closing its socket.
   */
  async race<T>(step: Promise<T>, cancel: () => void = () => {}): Promise<T> {
    try {
      this.check()
      return await Promise.race([
        step,
        new Promise<never>((_, reject) => {
          this.#onFail = reject
        }),
      ])
    } catch (error) {
      if (this.#error === undefined) throw error
      step.catch(() => {})
      cancel()
      // The step may have failed because the call did.
      throw this.#error
    } finally {
      this.#onFail = undefined
    }
  }

  /** Ends the deadline. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
  /**
   * After a long stall of the event loop the timer comes before the input that has been waiting:
   * let that be read first.
   */
  #expire(idleTimeout: number): void {
    const touches = this.#touches
    setImmediate(() => {
      if (this.#touches === touches) this.fail(timeoutError(this.context, idleTimeout))
    })
  }
}

/** The error of a call whose signal was aborted. */
export function abortError(context: CallContext, reason: unknown): WireGuardError {
  return new WireGuardError('aborted by the caller', {
    ...context,
    code: 'ABORT_ERR',
    cause: reason,
  })
}

/** The error of a call that made no progress. */
export function timeoutError(context: CallContext, idleTimeout: number): WireGuardError {
  return new WireGuardError(`no progress for ${idleTimeout} ms`, { ...context, code: 'ETIMEDOUT' })
}
