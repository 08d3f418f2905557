import type { Peer } from '../model/device.js'
import { ReplyParser } from './parse.js'
import type { ReplySink } from './socket.js'

/**
 * Hands over the peers of a reply while it comes in: those of one chunk at a time, and no chunk is
 * taken before they are used.
 */
export class PeerStream implements ReplySink {
  readonly #reply: ReplyParser
  #peers: readonly Peer[] = []
  #ended = false
  #error: unknown
  /** The consumer waits. */
  #wake: (() => void) | undefined
  /** The socket waits. */
  #resume: (() => void) | undefined

  constructor(operation: string, device: string) {
    this.#reply = new ReplyParser(operation, device)
  }

  get done(): boolean {
    return this.#reply.done
  }

  /**
   * Takes the next bytes; when peers became complete, the result resolves when their consumer asks
   * for more.
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

  /** Nothing comes any more, because of this error if there is one. */
  end(error?: unknown): void {
    this.#ended = true
    this.#error = error
    this.#wake?.()
  }

  /**
   * The next peers, at least one; `undefined` at the end. Call it again only when it has resolved.
   *
   * @throws the error that ended the exchange, or that of the daemon
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
