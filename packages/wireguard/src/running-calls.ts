import { type CallOptions, isWireGuardError, WireGuardError } from 'wireguardcfg'
import { onAbort, readCallLimits } from 'wireguardcfg/internal'

/**
 * The running calls that change several things in sequence. `close` aborts them and waits until
 * they have rolled back.
 */
export class RunningCalls {
  readonly #running = new Map<AbortController, Promise<unknown>>()
  #closed = false

  /**
   * Runs one call. The signal of the step is aborted by the caller's signal, by `close`, and after
   * `timeout` milliseconds if the options have it: each of the steps inside has its own default.
   *
   * @throws WireGuardError `EINVAL` for options without a valid value, `EBADF` closed before the
   * call, `ECANCELED` closed during the call, `ETIMEDOUT`, and what the step throws
   */
  async run<T>(
    operation: string,
    device: string,
    options: CallOptions,
    step: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw new WireGuardError('this WireGuard is closed', { code: 'EBADF' })
    const limits = readCallLimits(options)
    if (typeof limits === 'string') {
      throw new WireGuardError(limits, { code: 'EINVAL', operation, device })
    }
    const { signal } = limits
    const controller = new AbortController()
    const timer = stopAfter(options.timeout, controller)
    const abort = (): void => controller.abort(signal?.reason)
    if (signal?.aborted === true) abort()
    const stopListening = onAbort(signal, abort)
    const running = step(controller.signal)
    this.#running.set(controller, running)
    try {
      return await running
    } catch (error) {
      const { reason } = controller.signal
      const isOurs = reason instanceof Ended && isWireGuardError(error)
      if (!isOurs || error.code !== 'ABORT_ERR') throw error
      const { detail, hint, applied } = error
      const { code, message } = reason
      throw new WireGuardError(message, { code, operation, device, detail, hint, applied })
    } finally {
      this.#running.delete(controller)
      clearTimeout(timer)
      stopListening()
    }
  }

  /** Aborts the running calls and waits for them. Later calls fail. */
  async close(): Promise<void> {
    this.#closed = true
    for (const controller of this.#running.keys()) controller.abort(CLOSED)
    await Promise.allSettled(this.#running.values())
  }
}

/** Why a call was ended by this library, and not by its caller. */
class Ended extends Error {
  readonly code: string

  constructor(message: string, code: string) {
    super(message)
    this.code = code
  }
}

const CLOSED = new Ended('this WireGuard was closed during the call', 'ECANCELED')

function stopAfter(timeout = 0, controller: AbortController): NodeJS.Timeout | undefined {
  if (timeout === 0) return undefined
  const reason = new Ended(`not finished after ${timeout} ms`, 'ETIMEDOUT')
  return setTimeout(() => controller.abort(reason), timeout)
}
