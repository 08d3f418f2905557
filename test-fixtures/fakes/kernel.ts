import { Connection } from '../../packages/wireguardnl/src/netlink/connection.js'
import {
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_MULTI,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_HDRLEN,
} from '../../packages/wireguardnl/src/netlink/constants.js'
import { LITTLE_ENDIAN, viewOf } from '../../packages/wireguardnl/src/netlink/endian.js'
import { encodeMessage, MessageReader } from '../../packages/wireguardnl/src/netlink/message.js'
import type { Socket } from '../../packages/wireguardnl/src/netlink/socket.js'
import { WriterGate } from '../../packages/wireguardnl/src/netlink/writer-gate.js'

/** A copy of a request as the kernel received it. */
export interface FakeRequest {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  readonly portId: number
  /** What follows the nlmsghdr. */
  readonly payload: Uint8Array
  /** The whole message. */
  readonly bytes: Uint8Array
}

/** Returns the kernel's reply to a request, as datagrams. May throw what `Socket.send` throws. */
export type Handler = (request: FakeRequest) => readonly Uint8Array[]

/** How a {@link FakeKernel} behaves. */
export interface FakeKernelOptions {
  readonly portId?: number
  /** How often `receive` finds nothing before each datagram. */
  readonly delay?: number
  /** What `sendAsync` waits for before the kernel acts. */
  readonly beforeSend?: (datagram: Uint8Array) => Promise<void>
}

/**
 * A netlink socket whose kernel is a function. It has one receive buffer and wipes it with every
 * receive, so that code which keeps the bytes of a datagram fails.
 */
export class FakeKernel implements Socket {
  readonly portId: number
  readonly requests: FakeRequest[] = []
  /** The calls that block the event loop, and those that a thread makes, in order. */
  readonly calls: ('send' | 'sendAsync' | 'receive' | 'receiveAsync')[] = []
  closed = false
  readonly #handler: Handler
  readonly #delay: number
  readonly #beforeSend: (datagram: Uint8Array) => Promise<void>
  readonly #queue: Uint8Array[] = []
  readonly #buffer = new Uint8Array(65536)
  #waited = 0
  #sending: Promise<void> = Promise.resolve()

  constructor(handler: Handler, options: FakeKernelOptions = {}) {
    this.#handler = handler
    this.portId = options.portId ?? 0xfffff001
    this.#delay = options.delay ?? 0
    this.#beforeSend = options.beforeSend ?? (async () => {})
  }

  send(datagram: Uint8Array): void {
    this.calls.push('send')
    this.#deliver(datagram)
  }

  #deliver(datagram: Uint8Array): void {
    if (this.closed) throw new Error('send on a closed socket')
    for (const message = new MessageReader(datagram); message.next();) {
      const { type, flags, sequence } = message
      const payload = datagram.slice(message.start, message.end)
      const bytes = datagram.slice(message.start - NLMSG_HDRLEN, message.end)
      const request = { type, flags, sequence, portId: this.portId, payload, bytes }
      this.requests.push(request)
      this.#queue.push(...this.#handler(request))
    }
  }

  async sendAsync(datagram: Uint8Array): Promise<void> {
    this.calls.push('sendAsync')
    const sending = this.#beforeSend(datagram).then(() => this.#deliver(datagram))
    this.#sending = sending.catch(() => {})
    await sending
  }

  receive(): Uint8Array | undefined {
    this.calls.push('receive')
    return this.#next()
  }

  #next(): Uint8Array | undefined {
    if (this.closed) throw new Error('receive on a closed socket')
    this.#buffer.fill(0)
    if (this.#queue.length === 0 || this.#waited < this.#delay) {
      this.#waited += 1
      return undefined
    }
    this.#waited = 0
    const datagram = this.#queue.shift()!
    this.#buffer.set(datagram)
    return this.#buffer.subarray(0, datagram.length)
  }

  async receiveAsync(): Promise<Uint8Array | undefined> {
    this.calls.push('receiveAsync')
    return this.#next()
  }

  async close(): Promise<void> {
    await this.#sending
    this.closed = true
    this.#buffer.fill(0)
  }
}

/** A connection to a fake kernel, and every socket that it opens. */
export function connect(
  handler: Handler,
  options: FakeKernelOptions & { readonly gate?: WriterGate } = {},
): { connection: Connection; kernels: FakeKernel[] } {
  const kernels: FakeKernel[] = []
  const open = () => {
    const kernel = new FakeKernel(handler, options)
    kernels.push(kernel)
    return kernel
  }
  return { connection: new Connection(open, options.gate ?? new WriterGate()), kernels }
}

/** A reply of the request's type (or another) with this payload. */
export function reply(
  request: FakeRequest,
  payload: Uint8Array,
  { type = request.type, flags = 0 }: { type?: number; flags?: number } = {},
): Uint8Array {
  const { sequence, portId } = request
  return encodeMessage({ type, flags, sequence, portId }, payload)
}

/** A dump: each payload a message in a datagram of its own, then a DONE in another. */
export function multipart(
  request: FakeRequest,
  payloads: readonly Uint8Array[],
  options: { type?: number; flags?: number } = {},
): Uint8Array[] {
  const flags = (options.flags ?? 0) | NLM_F_MULTI
  return [
    ...payloads.map((payload) => reply(request, payload, { ...options, flags })),
    done(request),
  ]
}

/** NLMSG_DONE, with an errno and attributes of an extended ack. */
export function done(
  request: FakeRequest,
  errno = 0,
  { attributes, flags = 0 }: { attributes?: Uint8Array; flags?: number } = {},
): Uint8Array {
  const payload = new Uint8Array(4 + (attributes?.length ?? 0))
  viewOf(payload).setInt32(0, -errno, LITTLE_ENDIAN)
  if (attributes !== undefined) payload.set(attributes, 4)
  const tlvs = attributes === undefined ? 0 : NLM_F_ACK_TLVS
  return reply(request, payload, { type: NLMSG_DONE, flags: NLM_F_MULTI | flags | tlvs })
}

/** NLMSG_ERROR, capped, with an errno (0: an acknowledgement) and attributes of an extended ack. */
export function errorAck(request: FakeRequest, errno: number, attributes?: Uint8Array): Uint8Array {
  const payload = new Uint8Array(4 + NLMSG_HDRLEN + (attributes?.length ?? 0))
  viewOf(payload).setInt32(0, -errno, LITTLE_ENDIAN)
  payload.set(request.bytes.subarray(0, NLMSG_HDRLEN), 4)
  if (attributes !== undefined) payload.set(attributes, 4 + NLMSG_HDRLEN)
  const tlvs = attributes === undefined ? 0 : NLM_F_ACK_TLVS
  return reply(request, payload, { type: NLMSG_ERROR, flags: NLM_F_CAPPED | tlvs })
}

/** An acknowledgement. */
export function ack(request: FakeRequest): Uint8Array {
  return errorAck(request, 0)
}

/** Several messages in one datagram. */
export function join(...messages: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((message) => [...message]))
}

/** The first bytes of a datagram. */
export function cut(datagram: Uint8Array, length: number): Uint8Array {
  return datagram.slice(0, length)
}

/** The datagram as the reply to an earlier exchange. */
export function stale(datagram: Uint8Array): Uint8Array {
  return rewrite(datagram, 8, (sequence) => sequence - 1)
}

/** The datagram as the reply to another socket. */
export function foreign(datagram: Uint8Array): Uint8Array {
  return rewrite(datagram, 12, () => 7)
}

/** Changes a field of the nlmsghdr of every message. */
function rewrite(
  datagram: Uint8Array,
  field: number,
  change: (value: number) => number,
): Uint8Array {
  const copy = datagram.slice()
  for (const message = new MessageReader(copy); message.next();) {
    const at = message.start - NLMSG_HDRLEN + field
    message.view.setUint32(at, change(message.view.getUint32(at, LITTLE_ENDIAN)), LITTLE_ENDIAN)
  }
  return copy
}
