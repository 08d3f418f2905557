import { constants } from 'node:os'
import {
  NLM_F_DUMP_FILTERED,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_MIN_TYPE,
  NLMSG_OVERRUN,
} from './constants.js'
import { messageError } from './errors.js'
import { readDoneMessage, readErrorMessage, type Ending } from './extended-ack.js'
import { MessageReader, type Message } from './message.js'

/** The result of an exchange that succeeded. */
export interface Outcome {
  /**
   * Something changed during the dump: a message had NLM_F_DUMP_INTR. The dump may be incomplete or
   * contain parts twice.
   */
  readonly interrupted: boolean
  /** The kernel filtered the dump as requested. */
  readonly filtered: boolean
  /** The warning of a kernel that succeeded nevertheless. */
  readonly warning: string | undefined
}

/** What a reader of replies needs to know. */
export interface RepliesInit {
  /** Of the request; of a batch, that of its first message. */
  readonly sequence: number
  readonly portId: number
  readonly operation: string
  /** Called for every reply before it is read. */
  readonly onProgress: () => void
  /**
   * Called before anything is read, and throws once the exchange has failed. The socket is then
   * closed and its bytes are invalid, also between two messages of a datagram.
   */
  readonly check?: () => void
}

/** Reads the replies to what was sent in one datagram. */
export interface Replies {
  /** Whether the exchange is over. */
  readonly ended: boolean
  /** How many messages of the reply were read, the last one included. */
  readonly count: number
  /** The message that `next` moved to. */
  readonly message: Message
  /** The result of the exchange, or its state before the end. */
  readonly outcome: Outcome
  /** Continues with the next datagram. `messages`, if given, is a reader at its beginning. */
  load(datagram: Uint8Array, messages?: MessageReader): void
  /**
   * Moves to the next data message of this exchange. Returns false if the datagram has no more.
   * Replies to other exchanges, such as one that was given up, are skipped.
   *
   * @throws {NetlinkError} the error that the kernel replied with; ENOBUFS when it reports that
   * replies were lost
   * @throws {MalformedMessageError}
   */
  next(): boolean
}

const NO_MESSAGES = new MessageReader(new Uint8Array(0))

/**
 * Reads the replies to one request: selects them among the messages of the datagrams, and detects
 * the end.
 */
export class ReplyReader implements Replies {
  /** A DONE or an ERROR with its sequence number was received. */
  ended = false
  count = 0
  readonly #sequence: number
  readonly #portId: number
  readonly #operation: string
  readonly #onProgress: () => void
  readonly #check: () => void
  #interrupted = false
  #filtered = false
  #warning: string | undefined
  #messages = NO_MESSAGES

  constructor({ sequence, portId, operation, onProgress, check = () => {} }: RepliesInit) {
    this.#sequence = sequence
    this.#portId = portId
    this.#operation = operation
    this.#onProgress = onProgress
    this.#check = check
  }

  get message(): Message {
    return this.#messages
  }

  get outcome(): Outcome {
    return {
      interrupted: this.#interrupted,
      filtered: this.#filtered,
      warning: this.#warning,
    }
  }

  load(datagram: Uint8Array, messages = new MessageReader(datagram)): void {
    this.#messages = messages
  }

  next(): boolean {
    this.#check()
    const messages = this.#messages
    while (!this.ended && messages.next()) {
      if (messages.sequence !== this.#sequence || messages.portId !== this.#portId) continue
      this.#onProgress()
      this.count++
      if ((messages.flags & NLM_F_DUMP_INTR) !== 0) this.#interrupted = true
      if (messages.type >= NLMSG_MIN_TYPE) {
        if ((messages.flags & NLM_F_DUMP_FILTERED) !== 0) this.#filtered = true
        return true
      }
      this.#control(messages)
    }
    return false
  }

  #control(message: Message): void {
    switch (message.type) {
      case NLMSG_DONE:
        this.#end(readDoneMessage(message))
        break
      case NLMSG_ERROR:
        this.#end(readErrorMessage(message))
        break
      case NLMSG_OVERRUN:
        throw messageError(constants.errno.ENOBUFS, this.#operation)
    }
  }

  #end(ending: Ending): void {
    this.ended = true
    if (ending.errno !== 0) throw messageError(ending.errno, this.#operation, ending.extendedAck)
    this.#warning = ending.extendedAck?.message
  }
}
