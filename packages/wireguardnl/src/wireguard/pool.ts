import { Semaphore } from 'wireguardcfg/backend'
import type { Connection } from '../netlink/connection.js'
import type { ExchangeDeadline } from '../netlink/deadline.js'

/** How many exchanges of one client are under way at a time; more wait. */
export const MAX_CONNECTIONS = 8

/**
 * The connections of a client. One socket carries one dump at a time, and loses it all when it is
 * not read to its end: so there are several, and a call takes one for as long as it needs it. Idle
 * ones are kept, as opening a socket takes eight system calls; calls one after the other use the
 * same one.
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
   * Runs exchanges on a connection. Waits while all are in use, at most until the deadline fails.
   */
  use<T>(deadline: ExchangeDeadline, step: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#places.run(deadline, () => this.#borrow(step))
  }

  /**
   * The same for a stream: outside of the limit, because its consumer may take its time. On a
   * connection of its own, which is closed afterwards.
   */
  async *stream<T>(step: (connection: Connection) => AsyncIterable<T>): AsyncGenerator<T, void> {
    const connection = this.#open()
    this.#used.add(connection)
    try {
      // Its first exchange would open a socket that nobody closes.
      if (this.#closed) await connection.close()
      yield* step(connection)
    } finally {
      this.#used.delete(connection)
      await connection.close()
    }
  }

  /** Ends the exchanges under way with ECANCELED and closes every socket. */
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
