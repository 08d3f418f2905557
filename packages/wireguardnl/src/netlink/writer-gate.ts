import { type Deadline, Mutex } from 'wireguardcfg/backend'
import { nextTurn } from './yield.js'

/**
 * Keeps the event loop free while a thread sends a write to the kernel.
 *
 * The kernel holds RTNL while it applies a SET. Every other send or receive of a dump waits for
 * RTNL. That wait cannot be interrupted and blocks the event loop. So during a write the other
 * exchanges of the process wait here instead. They run between two writes.
 *
 * @example
 * ```ts
 * await gate.run(deadline, () => socket.sendAsync(datagram))
 * ```
 */
export class WriterGate {
  readonly #writers = new Mutex()
  #writing: Promise<void> | undefined

  /**
   * The end of the running write; undefined without one. Check again after it, because another
   * write may have begun.
   */
  get writing(): Promise<void> | undefined {
    return this.#writing
  }

  /**
   * Runs one write at a time. Before it, the exchanges that waited for the previous write get a
   * turn of the event loop. Rejects when the deadline fails before the write begins.
   */
  async run<T>(deadline: Deadline, write: () => Promise<T>): Promise<T> {
    const release = await this.#writers.acquire(deadline)
    try {
      const result = write()
      this.#writing = result.then(ignore, ignore)
      return await result
    } finally {
      this.#writing = undefined
      // The waiting exchanges continue before this turn ends: their promise is already resolved.
      void nextTurn().then(release)
    }
  }
}

/** The gate of this process. One is enough, because the whole kernel has one RTNL. */
export const writerGate = new WriterGate()

function ignore(): void {}
