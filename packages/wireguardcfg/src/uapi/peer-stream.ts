import type { Peer } from '../model/device.js'
import { ReplyParser } from './parse.js'
import type { ReplySink } from './socket.js'

/**
 * Passes the peers of a reply to its consumer while the reply arrives, one chunk at a time. The
 * next chunk is read only when the consumer asks for more.
 */
export class PeerStream implements ReplySink {
  readonly #reply: ReplyParser
  #peers: readonly Peer[] = []
  #ended = false
  #error: unknown
  /** Wakes the consumer when it waits. */
  #wake: (() => void) | undefined
  /** Resumes the socket when it waits. */
  #resume: (() => void) | undefined

  constructor(operation: string, device: string) {
    this.#reply = new ReplyParser(operation, device)
  }

  /** Whether the reply is complete. */
  get done(): boolean {
    return this.#reply.done
  }

  /** The value of `errno` in the reply; `undefined` before it was read. */
  get errno(): number | undefined {
    return this.#reply.errno
  }

  /**
   * Parses the next bytes. When they complete any peers, returns a promise that resolves when the
   * consumer asks for more.
   */
  push(chunk: Uint8Array): Promise<void> | undefined {
    this.#reply.push(chunk)
    const peers = this.#reply.takePeers(Date.now())
    if (peers.length === 0) return undefined
    this.#peers = peers
    this.#wake?.()
    return new Promise((resolve) => {
      this.#resume = resolve
    })
  }

  /** Ends the stream, with an error if there is one. */
  end(error?: unknown): void {
    this.#ended = true
    this.#error = error
    this.#wake?.()
  }

  /**
   * Returns the next peers, at least one, or `undefined` at the end. Call it again only after it
   * has resolved.
   *
   * @throws the error that ended the exchange, or the error of the daemon
   */
  async next(): Promise<readonly Peer[] | undefined> {
    this.#resume?.()
    this.#resume = undefined
    if (this.#peers.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#wake = undefined
    if (this.#peers.length > 0) return this.#take()
    if (this.#error !== undefined) throw this.#error
    this.#peers = this.#reply.takeLastPeers(Date.now())
    return this.#peers.length > 0 ? this.#take() : undefined
  }

  #take(): readonly Peer[] {
    const peers = this.#peers
    this.#peers = []
    return peers
  }
}
