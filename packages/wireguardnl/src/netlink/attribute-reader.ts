import { decodeName } from 'wireguardcfg/internal'
import { NLA_HDRLEN, NLA_TYPE_MASK } from './constants.js'
import { LITTLE_ENDIAN, readU64, viewOf } from './endian.js'
import { MalformedMessageError } from './malformed.js'
import type { Message } from './message.js'

// V8 does not fold imported constants. Local copies, and NLA_ALIGN written out, make `next` half as
// fast again.
const littleEndian = LITTLE_ENDIAN
const headerLength = NLA_HDRLEN
const typeMask = NLA_TYPE_MASK

/**
 * Reads attributes in place, without allocating an object for each:
 *
 * ```ts
 * for (const attribute = AttributeReader.of(message, GENL_HDRLEN); attribute.next(); ) {
 *   switch (attribute.type) {
 *     case WGDEVICE_A_LISTEN_PORT:
 *       port = attribute.u16()
 *   }
 * }
 * ```
 *
 * A caller skips unknown types by not handling them. Every length is checked: an attribute that
 * does not fit throws a MalformedMessageError. A payload longer than the requested integer is
 * accepted, as in nla_get_u16() of the kernel.
 */
export class AttributeReader {
  /** Type of the current attribute, without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
  type = 0
  /** Where the payload of the current attribute begins in `source`. */
  start = 0
  /** Where the payload of the current attribute ends in `source`. */
  end = 0
  /** The array to read: the whole datagram. */
  readonly source: Uint8Array
  /** A view of `source`, for integers. */
  readonly view: DataView
  #next: number
  readonly #limit: number

  /**
   * Reads the attributes from `start` to `end`, by default of the whole array. `view`, if given,
   * must be a view of `source`.
   */
  constructor(source: Uint8Array, start = 0, end = source.length, view = viewOf(source)) {
    checkRange(source, start, end)
    this.source = source
    this.view = view
    this.#next = start
    this.#limit = end
  }

  /**
   * Returns a reader of the attributes of a message. They follow its fixed header (genlmsghdr,
   * ifinfomsg ...) of `header` bytes.
   */
  static of(message: Message, header: number): AttributeReader {
    return new AttributeReader(message.bytes, message.start + header, message.end, message.view)
  }

  /**
   * Moves to the next attribute. Returns false at the end.
   *
   * @throws {MalformedMessageError} when a header is cut, or its length is below that of a header
   * or past the end.
   */
  next(): boolean {
    const at = this.#next
    // The padding of the last attribute may lie past the end: nla_len does not count it.
    if (at >= this.#limit) return false
    const header = readAttributeHeader(this.view, at, this.#limit)
    const length = header & 0xffff
    this.type = (header >>> 16) & typeMask
    this.start = at + headerLength
    this.end = at + length
    this.#next = at + ((length + 3) & ~3)
    return true
  }

  /** Length of the payload, in bytes. */
  get length(): number {
    return this.end - this.start
  }

  /** Returns the payload as a u8. */
  u8(): number {
    this.need(1)
    return this.source[this.start]!
  }

  /** Returns the payload as a u16 in host byte order. */
  u16(): number {
    this.need(2)
    return this.view.getUint16(this.start, littleEndian)
  }

  /** Returns the payload as a u32 in host byte order. */
  u32(): number {
    this.need(4)
    return this.view.getUint32(this.start, littleEndian)
  }

  /** Returns the payload as an s32 in host byte order. */
  i32(): number {
    this.need(4)
    return this.view.getInt32(this.start, littleEndian)
  }

  /**
   * Returns the payload as a u64 in host byte order, exact up to 2^53, the nearest number above
   * that.
   */
  u64(): number {
    this.need(8)
    return readU64(this.view, this.start)
  }

  /**
   * Returns the payload, of at least `minimum` bytes, as a view of the receive buffer. Copy what
   * must outlive the message.
   */
  bytes(minimum = 0): Uint8Array {
    this.need(minimum)
    return this.source.subarray(this.start, this.end)
  }

  /**
   * Returns the payload as text, up to its NUL if it has one. Different bytes give different texts:
   * see `decodeName`.
   */
  string(): string {
    const nul = this.source.indexOf(0, this.start)
    const end = nul === -1 || nul > this.end ? this.end : nul
    return decodeName(this.source.subarray(this.start, end))
  }

  /** Returns a reader of the attributes inside this one. The flag NLA_F_NESTED is not required. */
  nested(): AttributeReader {
    return new AttributeReader(this.source, this.start, this.end, this.view)
  }

  /**
   * Checks that the payload has at least this many bytes, for callers that read `source` from
   * `start` themselves.
   *
   * @throws {MalformedMessageError} when it is shorter
   */
  need(length: number): void {
    if (this.end - this.start < length) {
      throw new MalformedMessageError(
        `attribute ${this.type} has ${this.end - this.start} bytes, expected at least ${length}`,
        this.start,
      )
    }
  }
}

/**
 * Returns the header of the attribute at `at`, which must be below `limit`: nla_len in the lower 16
 * bits, nla_type with its flags in the upper 16. The attribute ends at or before `limit`. For the
 * decoder of peers, which spends its time on attribute headers: an AttributeReader keeps its
 * position in memory, while local variables stay in registers.
 *
 * @throws {MalformedMessageError} when the header is cut, or its length is below that of a header
 * or past `limit`.
 */
export function readAttributeHeader(view: DataView, at: number, limit: number): number {
  const remaining = limit - at
  if (remaining < headerLength) {
    throw new MalformedMessageError(`${remaining} bytes left, an attribute header has 4`, at)
  }
  // One load reads nla_len and nla_type.
  const word = view.getInt32(at, littleEndian)
  const header = littleEndian ? word : (word << 16) | (word >>> 16)
  const length = header & 0xffff
  if (length < headerLength || length > remaining) {
    throw new MalformedMessageError(`attribute length ${length} with ${remaining} bytes left`, at)
  }
  return header
}

function checkRange(source: Uint8Array, start: number, end: number): void {
  // Also finds a fixed header (genlmsghdr, ifinfomsg) that does not fit: its attributes would begin
  // after the message.
  if (start < 0 || start > end || end > source.length) {
    throw new MalformedMessageError(
      `attributes from byte ${start} to ${end} are not inside the message`,
      start,
    )
  }
}
