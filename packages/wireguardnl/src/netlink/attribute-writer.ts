import { encodeName } from 'wireguardcfg/internal'
import { align4, NLA_F_NESTED, NLA_HDRLEN } from './constants.js'
import { LITTLE_ENDIAN, viewOf, writeU64 } from './endian.js'

const MAX_ATTRIBUTE_LENGTH = 0xffff
// Up to this length, a loop is faster than a call that copies.
const SHORT = 64
/**
 * Writes a payload: fixed headers with `raw`, then attributes. All of it goes into one array, which
 * grows and can be reused.
 *
 * nla_len has 16 bits. An attribute that would overflow its own length, or that of a nest around
 * it, throws a RangeError before anything is written. The caller can then `cancel` to an earlier
 * length and send the rest. A number out of the range of its attribute throws a RangeError too.
 */
export class AttributeWriter {
  #bytes: Uint8Array
  #view: DataView
  /** A Buffer of the same bytes, created when base64 is first written. */
  #buffer: Buffer | undefined
  #length = 0
  /** Offsets of the open nests, outermost first. */
  readonly #open: number[] = []

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = viewOf(this.#bytes)
  }

  /** The number of bytes written, padding included. Also the mark for `cancel`. */
  get length(): number {
    return this.#length
  }

  /**
   * Returns the bytes written as a view, valid until the next write or `reset`. All nests must be
   * ended.
   */
  bytes(): Uint8Array {
    if (this.#open.length > 0) throw new Error('a nested attribute is still open')
    return this.#bytes.subarray(0, this.#length)
  }

  /** Empties the writer and zeroes its bytes, which may be keys. */
  reset(): this {
    this.#bytes.fill(0, 0, this.#length)
    this.#length = 0
    this.#open.length = 0
    return this
  }

  /** Appends a fixed header (genlmsghdr, ifinfomsg ...), zero-padded to the alignment. */
  raw(header: Uint8Array): this {
    const at = this.#grow(header.length)
    this.#bytes.set(header, at)
    return this
  }

  /** Writes an attribute of one byte. */
  u8(type: number, value: number): this {
    checkInteger(type, value, 0, 0xff)
    const at = this.#attribute(type, 1)
    this.#bytes[at] = value
    return this
  }

  /** Writes an attribute of two bytes in host byte order. */
  u16(type: number, value: number): this {
    checkInteger(type, value, 0, 0xffff)
    const at = this.#attribute(type, 2)
    this.#view.setUint16(at, value, LITTLE_ENDIAN)
    return this
  }

  /**
   * Writes an attribute of four bytes in host byte order. An s32 is written as its two's
   * complement.
   */
  u32(type: number, value: number): this {
    checkInteger(type, value, -0x8000_0000, 0xffff_ffff)
    const at = this.#attribute(type, 4)
    this.#view.setUint32(at, value, LITTLE_ENDIAN)
    return this
  }

  /**
   * Writes an attribute of eight bytes in host byte order. The value is an integer from 0 to 2^53.
   */
  u64(type: number, value: number): this {
    checkInteger(type, value, 0, 2 ** 53)
    const at = this.#attribute(type, 8)
    writeU64(this.#view, at, value)
    return this
  }

  /** Writes an attribute of these bytes, or of the first `length` of them. */
  blob(type: number, value: Uint8Array, length = value.length): this {
    const at = this.#attribute(type, length)
    if (length > SHORT) this.#bytes.set(value.subarray(0, length), at)
    else for (let i = 0; i < length; i++) this.#bytes[at + i] = value[i]!
    return this
  }

  /**
   * Writes an attribute of the first `length` bytes that a base64 text encodes. Throws a RangeError
   * if there are fewer.
   */
  base64(type: number, value: string, length: number): this {
    const mark = this.#length
    const at = this.#attribute(type, length)
    // Decodes into the message directly: Buffer.from would leave a copy in the memory that all
    // small buffers share.
    this.#buffer ??= bufferOf(this.#bytes)
    if (this.#buffer.write(value, at, length, 'base64') !== length) {
      this.cancel(mark)
      throw new RangeError(`attribute ${type}: expected base64 of ${length} bytes`)
    }
    return this
  }

  /**
   * Writes an attribute of this text and a NUL. Throws a RangeError for text that contains a NUL,
   * at which the kernel would cut it.
   */
  string(type: number, value: string): this {
    if (value.includes('\0')) throw new RangeError(`attribute ${type}: text must not contain a NUL`)
    const text = encodeName(value)
    const at = this.#attribute(type, text.length + 1)
    this.#bytes.set(text, at)
    return this
  }

  /** Writes an attribute without a payload, whose presence is its value. */
  flag(type: number): this {
    this.#attribute(type, 0)
    return this
  }

  /** Writes a nested attribute that contains all that `write` writes. */
  nested(type: number, write: (writer: this) => void): this {
    const nest = this.begin(type)
    write(this)
    return this.end(nest)
  }

  /** Begins a nested attribute (NLA_F_NESTED is set) and returns the mark for `end` or `cancel`. */
  begin(type: number): number {
    const nest = this.#length
    this.#attribute(type | NLA_F_NESTED, 0)
    this.#open.push(nest)
    return nest
  }

  /** Ends the nested attribute that was begun last. */
  end(nest: number): this {
    if (this.#open.at(-1) !== nest)
      throw new Error('nested attributes must be ended innermost first')
    this.#open.pop()
    this.#view.setUint16(nest, this.#length - nest, LITTLE_ENDIAN)
    return this
  }

  /** Removes and zeroes all bytes written since `length` was `mark`, and the nests begun since. */
  cancel(mark: number): this {
    this.#bytes.fill(0, mark, this.#length)
    this.#length = mark
    while (this.#open.length > 0 && this.#open.at(-1)! >= mark) this.#open.pop()
    return this
  }

  /**
   * Writes an attribute header and returns the offset of its payload. Payload and padding are
   * zeros.
   */
  #attribute(type: number, payload: number): number {
    const length = NLA_HDRLEN + payload
    // The outermost nest is the longest: if it has room, all have.
    const outer = this.#open.length > 0 ? this.#open[0]! : this.#length
    const total = this.#length + align4(length) - outer
    if (length > MAX_ATTRIBUTE_LENGTH || (this.#open.length > 0 && total > MAX_ATTRIBUTE_LENGTH)) {
      throw new RangeError(
        `attribute ${type}: ${Math.max(length, total)} bytes, expected at most ${MAX_ATTRIBUTE_LENGTH}`,
      )
    }
    const at = this.#grow(length)
    this.#view.setUint16(at, length, LITTLE_ENDIAN)
    this.#view.setUint16(at + 2, type, LITTLE_ENDIAN)
    return at + NLA_HDRLEN
  }

  /** Appends zeros up to the alignment and returns their offset. */
  #grow(length: number): number {
    const at = this.#length
    const end = at + align4(length)
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2))
      larger.set(this.#bytes.subarray(0, at))
      // The old array may hold keys.
      this.#bytes.fill(0, 0, at)
      this.#bytes = larger
      this.#view = viewOf(larger)
      this.#buffer = undefined
    }
    this.#length = end
    return at
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function checkInteger(type: number, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`attribute ${type}: expected an integer from ${least} to ${most}`)
  }
}
