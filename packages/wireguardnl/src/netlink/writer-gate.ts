import { type Deadline, Mutex } from 'wireguardcfg/backend'
import { nextTurn } from './yield.js'

/**
 * Keeps the event loop free while the kernel works on a message of ours in a thread.
 *
 * The kernel holds RTNL for as long as it applies a SET, and every other send or receive of a dump
 * waits for RTNL, without a way out and with the event loop. So while a write is on its way, the
 * other exchanges of the process wait here instead; between two writes they get a turn.
 */
export class WriterGate {
  readonly #writers = new Mutex()
  #writing: Promise<void> | undefined

  /**
   * The end of the write that is on its way; undefined: there is none, go ahead. Ask again after
   * it.
   */
  get writing(): Promise<void> | undefined {
    return this.#writing
  }

  /**
   * Runs a write: alone, and after those who waited for the one before it have had a turn of the
   * event loop. Rejects when the deadline fails before it begins.
   */
  async run<T>(deadline: Deadline, write: () => Promise<T>): Promise<T> {
    const release = await this.#writers.acquire(deadline)
    try {
      const result = write()
      this.#writing = result.then(ignore, ignore)
      return await result
    } finally {
      this.#writing = undefined
      // Those who waited go on before the turn ends: their promise is resolved already.
      void nextTurn().then(release)
    }
  }
}

/** The gate of this process: RTNL is one for the whole kernel. */
export const writerGate = new WriterGate()

function ignore(): void {}
