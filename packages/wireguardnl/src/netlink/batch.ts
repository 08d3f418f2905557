import { NLM_F_ACK, NLM_F_REQUEST, NLMSG_ERROR } from './constants.js'
import { messageError, type NetlinkError } from './errors.js'
import { readErrorMessage } from './extended-ack.js'
import { encodeMessage, type Message, MessageReader } from './message.js'
import type { Outcome, Replies, RepliesInit } from './reply-reader.js'

/** A message of `Connection.batch`. */
export interface BatchMessage {
  readonly type: number
  /** NLM_F_ bits. With NLM_F_ACK, the kernel is to acknowledge it. */
  readonly flags: number
  readonly payload: Uint8Array
}

/** Encodes messages one behind the other, with sequence numbers from the first. */
export function encodeBatch(messages: readonly BatchMessage[], sequence: number): Uint8Array {
  const encoded = messages.map(({ type, flags, payload }, i) =>
    encodeMessage({ type, flags: flags | NLM_F_REQUEST, sequence: sequence + i }, payload),
  )
  const batch = Buffer.concat(encoded)
  for (const bytes of encoded) bytes.fill(0)
  return batch
}

/**
 * Reads the acknowledgements of a batch. It is over when each of its messages has one, or when the
 * kernel refuses the batch as such. The kernel also acknowledges messages of a batch that it throws
 * away, so one error is that of all.
 */
export class BatchReader implements Replies {
  ended = false
  count = 0
  readonly outcome: Outcome = { interrupted: false, filtered: false, warning: undefined }
  readonly #init: RepliesInit
  readonly #last: number
  /** The sequence numbers that wait for an acknowledgement. */
  readonly #waiting = new Set<number>()
  #messages = new MessageReader(new Uint8Array(0))
  #error: NetlinkError | undefined

  constructor(init: RepliesInit, messages: readonly BatchMessage[]) {
    this.#init = init
    this.#last = init.sequence + messages.length - 1
    for (const [i, { flags }] of messages.entries()) {
      if ((flags & NLM_F_ACK) !== 0) this.#waiting.add(init.sequence + i)
    }
  }

  get message(): Message {
    return this.#messages
  }

  load(datagram: Uint8Array, messages = new MessageReader(datagram)): void {
    this.#messages = messages
  }

  next(): boolean {
    const { sequence: first, portId, operation, onProgress, check } = this.#init
    check?.()
    const messages = this.#messages
    while (!this.ended && messages.next()) {
      const { sequence } = messages
      if (messages.portId !== portId || sequence < first || sequence > this.#last) continue
      if (messages.type !== NLMSG_ERROR) continue
      onProgress()
      this.count++
      const { errno, extendedAck } = readErrorMessage(messages)
      if (errno !== 0) this.#error ??= messageError(errno, operation, extendedAck)
      // An error of a message without acknowledgement, which is the first, is that of the batch.
      const isRefused = !this.#waiting.delete(sequence) && errno !== 0
      this.ended = isRefused || this.#waiting.size === 0
      if (this.ended && this.#error !== undefined) throw this.#error
    }
    return false
  }
}
