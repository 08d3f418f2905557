import { Semaphore } from 'wireguardcfg/backend'
import type { Connection } from '../netlink/connection.js'
import type { ExchangeDeadline } from '../netlink/deadline.js'

/** The highest number of exchanges that one client runs at a time. More exchanges wait. */
export const MAX_CONNECTIONS = 8

/**
 * Lends the connections of a client. There are several, because a socket carries only one dump at a
 * time, and an unfinished dump costs its socket. A call borrows one for as long as it needs it.
 * Idle connections are kept, because opening a socket takes eight system calls. Consecutive calls
 * use the same one.
 *
 * @example
 * ```ts
 * const pool = new ConnectionPool(() => new Connection(() => kernel.open(NETLINK_GENERIC)))
 * await pool.use(deadline, (connection) => connection.request(type, 0, payload))
 * ```
 */
export class ConnectionPool {
  readonly #open: () => Connection
  readonly #idle: Connection[] = []
  readonly #used = new Set<Connection>()
  readonly #places = new Semaphore(MAX_CONNECTIONS)
  #closed = false

  constructor(open: () => Connection) {
    this.#open = open
  }

  /**
   * Runs a step on a connection of the pool. Waits while all are in use, until the deadline fails.
   */
  use<T>(deadline: ExchangeDeadline, step: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#places.run(deadline, () => this.#borrow(step))
  }

  /**
   * Runs a stream on a connection of its own and closes it afterwards. The stream does not count
   * towards the limit, because its consumer may be slow.
   */
  async *stream<T>(step: (connection: Connection) => AsyncIterable<T>): AsyncGenerator<T, void> {
    const connection = this.#open()
    this.#used.add(connection)
    try {
      // Otherwise its first exchange would open a socket that nothing closes.
      if (this.#closed) await connection.close()
      yield* step(connection)
    } finally {
      this.#used.delete(connection)
      await connection.close()
    }
  }

  /** Ends the running exchanges with ECANCELED and closes every socket. */
  async close(): Promise<void> {
    this.#closed = true
    const connections = [...this.#idle.splice(0), ...this.#used]
    await Promise.all(connections.map((connection) => connection.close()))
  }

  async #borrow<T>(step: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = this.#idle.pop() ?? this.#open()
    this.#used.add(connection)
    try {
      if (this.#closed) await connection.close()
      return await step(connection)
    } finally {
      this.#used.delete(connection)
      if (this.#closed) await connection.close()
      else this.#idle.push(connection)
    }
  }
}
