import { Mutex } from 'wireguardcfg/backend'
import { nextTurn, requestTrace, sliceIsOver } from 'wireguardcfg/internal'
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from './constants.js'
import { type ExchangeDeadline, exchangeDeadline, type ExchangeOptions } from './deadline.js'
import { NetlinkError } from './errors.js'
import { ExchangeTrace } from './exchange-trace.js'
import { encodeMessage, type Message, MessageReader } from './message.js'
import { pause } from './pause.js'
import { BatchReader, type BatchMessage, encodeBatch } from './batch.js'
import { ReplyReader, type Outcome, type Replies, type RepliesInit } from './reply-reader.js'
import type { Socket } from './socket.js'
import { writerGate, type WriterGate } from './writer-gate.js'

/** How a request is sent to the kernel. */
export type SendMode =
  /** At once. */
  | 'now'
  /**
   * In a thread, while the other exchanges of the process wait: for a request that holds RTNL long.
   */
  | 'writer'
  /**
   * In a thread, while the other exchanges continue: for a deletion, which may have to wait for
   * their dumps to end. The caller has a place of `WriterGate.acquireDeletion`.
   */
  | 'deletion'

/** Returns the kernel's name of a request, for those who trace requestTrace. */
export type RequestName = (type: number, payload: Uint8Array) => string

/** Options of `Connection.request`. */
export interface RequestOptions extends ExchangeOptions {
  /** How the request is sent to the kernel; default 'now'. */
  readonly send?: SendMode | undefined
  /** Called with each message before the acknowledgement, such as the answer of a GET. */
  readonly onMessage?: ((message: Message) => void) | undefined
}

/** What is sent in one datagram, and how the answer is read. */
interface Sent {
  readonly name: () => string
  /** Whether the kernel takes RTNL when the answer is received. */
  readonly takesLock: boolean
  /** How many sequence numbers it needs. */
  readonly sequences: number
  readonly encode: (sequence: number) => Uint8Array
  readonly replies: (init: RepliesInit) => Replies
}

// After this many turns of the event loop without an answer, wait by timer: 1, 2, 4, 8, then 10 ms.
const IMPATIENT_TURNS = 8
const LONGEST_PAUSE = 10
const NOTHING = new Uint8Array(0)

/**
 * Sends requests and dumps to the kernel, one at a time, in the order of the calls.
 *
 * Opens its socket when it first needs one. An exchange may end before its last reply: aborted,
 * timed out, closed by its consumer, or malformed. It then closes the socket at once, because until
 * then the kernel keeps the state of an unfinished dump, and with it the interface. The next
 * exchange opens another socket.
 *
 * @example
 * ```ts
 * await using connection = new Connection(() => KernelSocket.open(NETLINK_ROUTE))
 * await connection.dump(RTM_GETLINK, payload, ({ type }) => console.log(type))
 * ```
 */
export class Connection implements AsyncDisposable {
  readonly #open: () => Socket
  readonly #gate: WriterGate
  readonly #nameOf: RequestName
  readonly #turns = new Mutex()
  readonly #closing = new Set<Promise<void>>()
  #socket: Socket | undefined
  /** The reader of the last datagram. */
  #reader: MessageReader | undefined
  #sequence = 0
  /** The running exchange. */
  #current: Exchange | undefined
  #closed = false

  /**
   * @param open opens a socket: `() => KernelSocket.open(NETLINK_ROUTE)`
   * @param nameOf default: the number of the type
   */
  constructor(open: () => Socket, gate: WriterGate = writerGate, nameOf: RequestName = String) {
    this.#open = open
    this.#gate = gate
    this.#nameOf = nameOf
  }

  /**
   * Sends a request and waits for its acknowledgement. `flags` are added to NLM_F_REQUEST and
   * NLM_F_ACK.
   *
   * @throws {NetlinkError} the error of the kernel, a failed system call, ETIMEDOUT, ABORT_ERR,
   * ECANCELED (closed)
   * @throws {MalformedMessageError} when the answer is not netlink
   */
  async request(
    type: number,
    flags: number,
    payload: Uint8Array,
    options: RequestOptions = {},
  ): Promise<Outcome> {
    const header = { type, flags: flags | NLM_F_REQUEST | NLM_F_ACK }
    const { onMessage = ignore } = options
    return this.#drain(this.#exchange(this.#single(header, payload), { ...options, onMessage }))
  }

  /**
   * Sends a dump request and calls `onMessage` with every message of the answer. An error that
   * `onMessage` throws ends the dump.
   *
   * `onMessage` gets the messages of an interrupted dump too. `Outcome` reports the interruption;
   * the caller then starts over.
   *
   * @throws like `request`
   */
  async dump(
    type: number,
    payload: Uint8Array,
    onMessage: (message: Message) => void,
    options: ExchangeOptions = {},
  ): Promise<Outcome> {
    const header = { type, flags: NLM_F_REQUEST | NLM_F_DUMP }
    return this.#drain(this.#exchange(this.#single(header, payload), { ...options, onMessage }))
  }

  /**
   * Runs a dump as an iterator, for dumps too large to hold, and returns its Outcome. If the
   * consumer keeps a message for longer than `idleTimeout`, the socket is closed and the iterator
   * throws ETIMEDOUT. Other exchanges of this connection wait until it ends, so the consumer must
   * not wait for one.
   *
   * @throws like `request`
   */
  async *messages(
    type: number,
    payload: Uint8Array,
    options: ExchangeOptions = {},
  ): AsyncGenerator<Message, Outcome, undefined> {
    const header = { type, flags: NLM_F_REQUEST | NLM_F_DUMP }
    let outcome: Outcome | undefined
    for await (const replies of this.#exchange(this.#single(header, payload), options)) {
      while (replies.next()) yield replies.message
      outcome = replies.outcome
    }
    return outcome!
  }

  /**
   * Sends several messages in one datagram, and waits for the acknowledgements of those that ask
   * for one. They are a transaction only if the kernel makes them one. NLM_F_REQUEST is added to
   * their flags.
   *
   * @throws like `request`, with the first error of the kernel
   */
  async batch(messages: readonly BatchMessage[], options: RequestOptions = {}): Promise<void> {
    const [first] = messages
    if (first === undefined) return
    const batch = {
      name: () => this.#nameOf(first.type, first.payload),
      takesLock: false,
      sequences: messages.length,
      encode: (sequence: number) => encodeBatch(messages, sequence),
      replies: (init: RepliesInit) => new BatchReader(init, messages),
    }
    await this.#drain(this.#exchange(batch, { ...options, onMessage: ignore }))
  }

  /**
   * Ends the running exchange and the waiting ones with ECANCELED, and closes the socket.
   */
  async close(): Promise<void> {
    this.#closed = true
    this.#current?.deadline.fail(canceled(this.#current.operation))
    if (this.#socket !== undefined) this.#discard(this.#socket)
    await Promise.all(this.#closing)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** One message, and its answer. */
  #single(header: Header, payload: Uint8Array): Sent {
    return {
      name: () => this.#nameOf(header.type, payload),
      // The kernel takes RTNL for each part of a dump, which it produces when the one before is
      // read.
      takesLock: (header.flags & NLM_F_DUMP) === NLM_F_DUMP,
      sequences: 1,
      encode: (sequence) => encodeMessage({ ...header, sequence }, payload),
      replies: (init) => new ReplyReader(init),
    }
  }

  async #drain(exchange: AsyncIterable<Replies>): Promise<Outcome> {
    let outcome: Outcome | undefined
    for await (const replies of exchange) outcome = replies.outcome
    // The loop ends without an error only after a DONE or an ACK, which came in a datagram.
    return outcome!
  }

  /**
   * Sends one request and yields the datagrams of its answer. Each is drained before the next is
   * received, and the received bytes are zeroed at the end. With `onMessage`, this function drains
   * the datagrams itself and yields once, at the end. That saves a dump several turns of promises
   * for each datagram.
   */
  async *#exchange(sent: Sent, options: RequestOptions): AsyncGenerator<Replies, void, undefined> {
    const { operation = `netlink message ${sent.name()}` } = options
    const deadline = options.deadline ?? exchangeDeadline({ ...options, operation })
    const exchange = { deadline, operation }
    let release = ignore
    let stopListening = ignore
    try {
      release = await this.#turns.acquire(deadline)
      if (this.#closed) throw canceled(operation)
      const socket = (this.#socket ??= this.#open())
      this.#current = exchange
      stopListening = deadline.onFail(() => {
        this.#discard(socket)
        release()
      })
      yield* this.#converse(socket, sent, options, exchange)
    } finally {
      if (this.#current === exchange) this.#current = undefined
      stopListening()
      if (options.deadline === undefined) deadline[Symbol.dispose]()
      release()
    }
  }

  async *#converse(
    socket: Socket,
    sent: Sent,
    { send = 'now', onMessage }: RequestOptions,
    exchange: Exchange,
  ): AsyncGenerator<Replies, void, undefined> {
    const { deadline, operation } = exchange
    const { takesLock } = sent
    const sequence = this.#take(sent.sequences)
    const replies = sent.replies({
      sequence,
      portId: socket.portId,
      operation,
      onProgress: () => deadline.touch(),
      check: () => deadline.check(),
    })
    const trace = requestTrace.isOn ? new ExchangeTrace(sent.name(), operation) : undefined
    // All datagrams use the same buffer, so zeroing the longest zeroes the others.
    let longest: Uint8Array = NOTHING
    try {
      const message = sent.encode(sequence)
      trace?.sent(message)
      await this.#send(socket, message, send, exchange)
      while (!replies.ended) {
        const datagram =
          this.#receiveNow(socket, deadline, takesLock) ??
          (await this.#receive(socket, exchange, takesLock))
        if (datagram.length > longest.length) longest = datagram
        trace?.received(datagram)
        replies.load(datagram, this.#read(datagram))
        if (onMessage === undefined) yield replies
        else while (replies.next()) onMessage(replies.message)
      }
      if (onMessage !== undefined) yield replies
    } catch (error) {
      trace?.fail(error, replies)
      throw error
    } finally {
      trace?.end(replies)
      longest.fill(0)
      if (!replies.ended) this.#discard(socket)
    }
  }

  /** Takes so many sequence numbers, and returns the first. None is 0. */
  #take(count: number): number {
    const first = this.#sequence + count < 2 ** 32 ? this.#sequence + 1 : 1
    this.#sequence = first + count - 1
    return first
  }

  async #send(
    socket: Socket,
    datagram: Uint8Array,
    mode: SendMode,
    { deadline, operation }: Exchange,
  ): Promise<void> {
    if (mode === 'now') {
      if (this.#mustWait()) await this.#pass(deadline)
      deadline.check()
      if (!this.#gate.deleting) {
        try {
          socket.send(datagram)
        } finally {
          datagram.fill(0)
        }
        return
      }
    }
    const send = () => {
      deadline.check()
      return socket.sendAsync(datagram)
    }
    const sendAndWipe = async () => {
      try {
        await (mode === 'deletion'
          ? this.#gate.runDeletion(operation, send)
          : this.#gate.run(deadline, operation, send))
      } finally {
        datagram.fill(0)
      }
    }
    await deadline.race(sendAndWipe())
    deadline.touch()
  }

  /**
   * Receives a datagram that has already arrived. Returns `undefined` when there is none, and when
   * another exchange or the event loop has to run first, or a thread has to receive.
   */
  #receiveNow(
    socket: Socket,
    deadline: ExchangeDeadline,
    takesLock: boolean,
  ): Uint8Array | undefined {
    if (this.#mustWait() || (takesLock && this.#gate.deleting)) return undefined
    deadline.check()
    return socket.receive()
  }

  async #receive(
    socket: Socket,
    { deadline, operation }: Exchange,
    takesLock: boolean,
  ): Promise<Uint8Array> {
    for (let attempt = 0; ; attempt += 1) {
      await this.#pass(deadline)
      const receive = () => {
        deadline.check()
        return socket.receiveAsync()
      }
      const datagram =
        takesLock && this.#gate.deleting
          ? await deadline.race(this.#gate.run(deadline, operation, receive))
          : socket.receive()
      if (datagram !== undefined) return datagram
      const time = attempt < IMPATIENT_TURNS ? 0 : 2 ** (attempt - IMPATIENT_TURNS)
      await deadline.race(pause(Math.min(time, LONGEST_PAUSE)))
    }
  }

  /**
   * Returns a reader of the datagram. Reuses the last reader if it can, because a new reader takes
   * longer than reading a small datagram. A socket returns the same array for the same length.
   */
  #read(datagram: Uint8Array): MessageReader {
    if (this.#reader?.bytes === datagram) return this.#reader.rewind()
    return (this.#reader = new MessageReader(datagram))
  }

  #mustWait(): boolean {
    return this.#gate.writing !== undefined || sliceIsOver()
  }

  /**
   * Lets the event loop turn and waits for running writes to end. Call it before every system call
   * that may wait for RTNL.
   */
  async #pass(deadline: ExchangeDeadline): Promise<void> {
    if (sliceIsOver()) await nextTurn()
    while (this.#gate.writing !== undefined) {
      await deadline.race(this.#gate.writing)
      deadline.touch()
    }
    deadline.check()
  }

  #discard(socket: Socket): void {
    if (this.#socket === socket) this.#socket = this.#reader = undefined
    const closing = socket.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }
}

/** The fields of a request that its caller chooses. */
interface Header {
  readonly type: number
  readonly flags: number
}

/** A running exchange. */
interface Exchange {
  readonly deadline: ExchangeDeadline
  readonly operation: string
}

function ignore(): void {}

function canceled(operation: string): NetlinkError {
  return new NetlinkError('ECANCELED, the connection was closed', {
    code: 'ECANCELED',
    kind: 'call',
    operation,
  })
}
