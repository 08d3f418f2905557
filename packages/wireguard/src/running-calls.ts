import { isWireGuardError, WireGuardError } from 'wireguardcfg'

/**
 * RunningCalls that make several things: closing ends them, and waits until they have taken back
 * what they made.
 */
export class RunningCalls {
  readonly #running = new Map<AbortController, Promise<unknown>>()
  #closed = false

  /**
   * Runs one; the signal that it gets is the caller's and that of closing.
   *
   * @throws WireGuardError `EBADF` it is closed already, `ECANCELED` it was closed meanwhile; and
   * what the step throws
   */
  async run<T>(
    signal: AbortSignal | undefined,
    step: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw new WireGuardError('WireGuard is closed', { code: 'EBADF' })
    const controller = new AbortController()
    const onAbort = (): void => controller.abort(signal?.reason)
    if (signal?.aborted === true) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    const running = step(controller.signal)
    this.#running.set(controller, running)
    try {
      return await running
    } catch (error) {
      const isOurs = controller.signal.reason === CLOSED && isWireGuardError(error)
      if (!isOurs || error.code !== 'ABORT_ERR') throw error
      const { operation, device } = error
      throw new WireGuardError(CLOSED.message, { code: 'ECANCELED', operation, device })
    } finally {
      this.#running.delete(controller)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Ends those under way and waits for them; later ones fail. */
  async close(): Promise<void> {
    this.#closed = true
    for (const controller of this.#running.keys()) controller.abort(CLOSED)
    await Promise.allSettled(this.#running.values())
  }
}

const CLOSED = new Error('WireGuard was closed')
