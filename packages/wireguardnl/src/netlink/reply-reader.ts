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

/** How an exchange ended well. */
export interface Outcome {
  /**
   * Something changed during the dump, which may be incomplete or have parts twice: NLM_F_DUMP_INTR
   * was on any message.
   */
  readonly interrupted: boolean
  /** The kernel filtered the dump as it was asked to. */
  readonly filtered: boolean
  /** What the kernel warned of although it succeeded. */
  readonly warning: string | undefined
}

const NOTHING = new MessageReader(new Uint8Array(0))

/** The replies to one request: picks them out of the datagrams, and notices the end. */
export class ReplyReader {
  /** Whether the exchange is over: a DONE or an ERROR with its sequence number came. */
  ended = false
  readonly #sequence: number
  readonly #portId: number
  readonly #operation: string
  readonly #onProgress: () => void
  readonly #check: () => void
  #interrupted = false
  #filtered = false
  #warning: string | undefined
  #messages = NOTHING

  /**
   * `onProgress` is called with every reply before it is looked at. `check` is called before
   * anything is read, and throws once the exchange failed: with the socket, its bytes are gone,
   * between two messages of a datagram too.
   */
  constructor(
    sequence: number,
    portId: number,
    operation: string,
    onProgress: () => void,
    check: () => void = () => {},
  ) {
    this.#sequence = sequence
    this.#portId = portId
    this.#operation = operation
    this.#onProgress = onProgress
    this.#check = check
  }

  /** The message that `next` moved to. */
  get message(): Message {
    return this.#messages
  }

  /** How the exchange ended, or how it stands. */
  get outcome(): Outcome {
    return {
      interrupted: this.#interrupted,
      filtered: this.#filtered,
      warning: this.#warning,
    }
  }

  /** Goes on with the next datagram. `messages`, if given, is a reader of it, at its beginning. */
  load(datagram: Uint8Array, messages = new MessageReader(datagram)): void {
    this.#messages = messages
  }

  /**
   * Moves to the next data message of this exchange; false when the datagram has no more. Answers
   * to others, such as those to an exchange that was given up, are passed over.
   *
   * @throws {NetlinkError} the error that the kernel answered; ENOBUFS when it says that it lost
   * replies
   * @throws {MalformedMessageError}
   */
  next(): boolean {
    this.#check()
    const messages = this.#messages
    while (!this.ended && messages.next()) {
      if (messages.sequence !== this.#sequence || messages.portId !== this.#portId) continue
      this.#onProgress()
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
