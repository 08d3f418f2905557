import { type Deadline, Mutex, Semaphore } from 'wireguardcfg/backend'
import { nextTurn } from 'wireguardcfg/internal'

/**
 * How many deletions one thread of Node runs at a time. libuv has four threads for everything in
 * the process: files, host names, import(). A deletion that waits for the dump of another process
 * holds its thread until that ends, so there is a second one for the others. With the write, one
 * thread is left.
 */
const MOST_DELETIONS = 2

/**
 * Limits the system calls that threads of Node's pool make, and keeps the event loop free
 * meanwhile.
 *
 * The kernel holds RTNL while it applies a SET, and for parts of a deletion. Every other send or
 * receive of a dump waits for RTNL. That wait cannot be interrupted and blocks the event loop. So
 * during a write the other exchanges of the process wait here instead. They run between two writes.
 * A deletion may last as long as another process has a dump open, so during a deletion they
 * continue, but as writes: a thread waits for RTNL in their place.
 *
 * A call that is given up keeps its place until its system call returns.
 *
 * @example
 * ```ts
 * await gate.run(deadline, 'configure device "wg0"', () => socket.sendAsync(datagram))
 * ```
 */
export class WriterGate {
  readonly #writers = new Mutex()
  readonly #deletions = new Semaphore(MOST_DELETIONS)
  /** The operations whose system calls have not returned. */
  readonly #running = new Set<{ readonly operation: string }>()
  #writing: Promise<void> | undefined
  #deleting = 0

  /**
   * The end of the running write; undefined without one. Check again after it, because another
   * write may have begun.
   */
  get writing(): Promise<void> | undefined {
    return this.#writing
  }

  /** Whether a thread deletes an interface: RTNL may then be held for long. */
  get deleting(): boolean {
    return this.#deleting > 0
  }

  /** The operations on which the kernel is at work, in the order in which they began. */
  get running(): readonly string[] {
    return [...this.#running].map(({ operation }) => operation)
  }

  /**
   * Runs one write at a time. Before it, the exchanges that waited for the previous write get a
   * turn of the event loop. Rejects when the deadline fails before the write begins.
   */
  async run<T>(deadline: Deadline, operation: string, write: () => Promise<T>): Promise<T> {
    const release = await this.#writers.acquire(deadline)
    const own = { operation }
    try {
      this.#running.add(own)
      const result = write()
      this.#writing = result.then(ignore, ignore)
      return await result
    } finally {
      this.#running.delete(own)
      this.#writing = undefined
      // The waiting exchanges continue before this turn ends: their promise is already resolved.
      void nextTurn().then(release)
    }
  }

  /**
   * Waits for the place of a deletion. Resolves to a function that gives it back: call it when the
   * system call has returned, also when the deletion was given up before.
   *
   * @throws the error of the deadline
   */
  acquireDeletion(deadline: Deadline): Promise<() => void> {
    return this.#deletions.acquire(deadline)
  }

  /** Runs the system call of a deletion. Its caller has a place. */
  async runDeletion<T>(operation: string, call: () => Promise<T>): Promise<T> {
    const own = { operation }
    try {
      this.#running.add(own)
      this.#deleting++
      return await call()
    } finally {
      this.#deleting--
      this.#running.delete(own)
    }
  }
}

/** The gate of this thread of Node. One is enough, because the whole kernel has one RTNL. */
export const writerGate = new WriterGate()

function ignore(): void {}
