import { align4, NLMSG_HDRLEN } from './constants.js'
import { LITTLE_ENDIAN, viewOf } from './endian.js'
import { MalformedMessageError } from './malformed.js'

/**
 * One received message, in place. It is valid until the callback that received it returns, or until
 * the iterator that yielded it continues: its bytes are those of the socket's receive buffer.
 */
export interface Message {
  /** Family id, RTM_ type or NLMSG_ control type. */
  readonly type: number
  /** NLM_F_ bits. */
  readonly flags: number
  /** Sequence number of the request that the message replies to. */
  readonly sequence: number
  /** Port id of the socket that sent the request. 0: there was no request. */
  readonly portId: number
  /** The datagram. */
  readonly bytes: Uint8Array
  /** A view of the datagram, for integers. */
  readonly view: DataView
  /** Offset in the datagram at which the payload begins. */
  readonly start: number
  /** Offset in the datagram at which the payload ends. */
  readonly end: number
}

/**
 * Reads the messages of a datagram without allocating an object for each:
 * `for (const message = new MessageReader(datagram); message.next(); ) ...`
 */
export class MessageReader implements Message {
  type = 0
  flags = 0
  sequence = 0
  portId = 0
  start = 0
  end = 0
  readonly bytes: Uint8Array
  readonly view: DataView
  #next = 0

  constructor(datagram: Uint8Array) {
    this.bytes = datagram
    this.view = viewOf(datagram)
  }

  /** Starts again at the beginning, for new bytes in the same array. */
  rewind(): this {
    this.#next = 0
    return this
  }

  /**
   * Moves to the next message. Returns false at the end of the datagram.
   *
   * @throws {MalformedMessageError} when a header is cut, or its length is below that of a header
   * or past the datagram.
   */
  next(): boolean {
    const at = this.#next
    const remaining = this.bytes.length - at
    if (remaining <= 0) return false
    if (remaining < NLMSG_HDRLEN) {
      throw new MalformedMessageError(`${remaining} bytes left, a message header has 16`, at)
    }
    const length = this.view.getUint32(at, LITTLE_ENDIAN)
    if (length < NLMSG_HDRLEN || length > remaining) {
      throw new MalformedMessageError(`message length ${length} with ${remaining} bytes left`, at)
    }
    this.type = this.view.getUint16(at + 4, LITTLE_ENDIAN)
    this.flags = this.view.getUint16(at + 6, LITTLE_ENDIAN)
    this.sequence = this.view.getUint32(at + 8, LITTLE_ENDIAN)
    this.portId = this.view.getUint32(at + 12, LITTLE_ENDIAN)
    this.start = at + NLMSG_HDRLEN
    this.end = at + length
    this.#next = at + align4(length)
    return true
  }
}

/** The fields of struct nlmsghdr that a sender sets. */
export interface MessageHeader {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  /** Absent: 0, as in a request. */
  readonly portId?: number
}

/**
 * Encodes one message: header, payload, zeros up to the alignment.
 *
 * `__u32 nlmsg_len` (header included, padding not), `__u16 nlmsg_type`, `__u16 nlmsg_flags`,
 * `__u32 nlmsg_seq`, `__u32 nlmsg_pid`.
 */
export function encodeMessage(header: MessageHeader, payload: Uint8Array): Uint8Array {
  const length = NLMSG_HDRLEN + payload.length
  headerView.setUint32(0, length, LITTLE_ENDIAN)
  headerView.setUint16(4, header.type, LITTLE_ENDIAN)
  headerView.setUint16(6, header.flags, LITTLE_ENDIAN)
  headerView.setUint32(8, header.sequence, LITTLE_ENDIAN)
  headerView.setUint32(12, header.portId ?? 0, LITTLE_ENDIAN)
  const bytes = new Uint8Array(align4(length))
  bytes.set(headerBytes)
  bytes.set(payload, NLMSG_HDRLEN)
  return bytes
}

// Reused for every header.
const headerBytes = new Uint8Array(NLMSG_HDRLEN)
const headerView = viewOf(headerBytes)
