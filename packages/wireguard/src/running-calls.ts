import { isWireGuardError, WireGuardError } from 'wireguardcfg'
import { onAbort } from 'wireguardcfg/internal'

/**
 * The running calls that change several things in sequence. `close` aborts them and waits until
 * they have rolled back.
 */
export class RunningCalls {
  readonly #running = new Map<AbortController, Promise<unknown>>()
  #closed = false

  /**
   * Runs one call. The signal of the step is aborted by the caller's signal and by `close`.
   *
   * @throws WireGuardError `EBADF` closed before the call, `ECANCELED` closed during the call, and
   * what the step throws
   */
  async run<T>(
    signal: AbortSignal | undefined,
    step: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw new WireGuardError('this WireGuard is closed', { code: 'EBADF' })
    const controller = new AbortController()
    const abort = (): void => controller.abort(signal?.reason)
    if (signal?.aborted === true) abort()
    const stopListening = onAbort(signal, abort)
    const running = step(controller.signal)
    this.#running.set(controller, running)
    try {
      return await running
    } catch (error) {
      const isByClose = controller.signal.reason === CLOSED && isWireGuardError(error)
      if (!isByClose || error.code !== 'ABORT_ERR') throw error
      const { operation, device } = error
      throw new WireGuardError(CLOSED.message, { code: 'ECANCELED', operation, device })
    } finally {
      this.#running.delete(controller)
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

const CLOSED = new Error('this WireGuard was closed during the call')
