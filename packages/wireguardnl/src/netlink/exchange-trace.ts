import { begun, type Draft, requestTrace, type TracedNetlinkRequest } from 'wireguardcfg/internal'
import { NetlinkError } from './errors.js'
import type { Replies } from './reply-reader.js'

/** Publishes one exchange, for which somebody listens. */
export class ExchangeTrace {
  readonly #traced: Draft<TracedNetlinkRequest>

  /** Publishes the start of the exchange. */
  constructor(request: string, operation: string) {
    this.#traced = {
      transport: 'netlink',
      request,
      operation,
      sentBytes: 0,
      receivedBytes: 0,
      datagrams: 0,
      messages: 0,
      interrupted: false,
      errno: undefined,
      ...begun(),
    }
    requestTrace.start(this.#traced, () => {})
  }

  /** Counts what is sent. */
  sent(datagram: Uint8Array): void {
    this.#traced.sentBytes = datagram.length
  }

  /** Counts what was received. */
  received(datagram: Uint8Array): void {
    this.#traced.datagrams++
    this.#traced.receivedBytes += datagram.length
  }

  /** Publishes the end of an exchange that failed. */
  fail(error: unknown, replies: Replies): void {
    this.#count(replies)
    if (error instanceof NetlinkError && error.kind === 'message') this.#traced.errno = error.errno
    requestTrace.fail(this.#traced, error)
  }

  /** Publishes the end of an exchange that has not failed, perhaps before its last reply. */
  end(replies: Replies): void {
    // It has failed.
    if (this.#traced.code !== undefined) return
    this.#count(replies)
    if (replies.ended) this.#traced.errno = 0
    requestTrace.end(this.#traced)
  }

  #count(replies: Replies): void {
    this.#traced.messages = replies.count
    this.#traced.interrupted = replies.outcome.interrupted
  }
}
