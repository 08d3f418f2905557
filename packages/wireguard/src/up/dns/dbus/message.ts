// Messages of D-Bus, little-endian: https://dbus.freedesktop.org/doc/dbus-specification.html
import { WireGuardError } from 'wireguardcfg'

/** A call of a method. */
export interface MethodCall {
  readonly destination: string
  readonly path: string
  readonly interface: string
  readonly member: string
  /** The types of the arguments; absent: there are none. */
  readonly signature?: string
  /** Writes the arguments. */
  readonly write?: (body: Writer) => void
}

/** Writes values at their alignments. */
export class Writer {
  #buffer = Buffer.alloc(256)
  #length = 0

  /** What was written. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Adds zero bytes until the length is a multiple. */
  align(multiple: number): this {
    while (this.#length % multiple !== 0) this.byte(0)
    return this
  }

  byte(value: number): this {
    return this.#append(Buffer.from([value]))
  }

  int32(value: number): this {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32LE(value)
    return this.align(4).#append(bytes)
  }

  uint32(value: number): this {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value)
    return this.align(4).#append(bytes)
  }

  boolean(value: boolean): this {
    return this.uint32(value ? 1 : 0)
  }

  string(value: string): this {
    const bytes = Buffer.from(value)
    return this.uint32(bytes.byteLength).#append(bytes).byte(0)
  }

  signature(value: string): this {
    return this.byte(value.length).#append(Buffer.from(value)).byte(0)
  }

  /**
   * Writes an array.
   *
   * @param alignment of its elements; the bytes before the first one do not count
   */
  array(alignment: number, write: () => void): this {
    this.uint32(0)
    const at = this.#length - 4
    this.align(alignment)
    const first = this.#length
    write()
    this.#buffer.writeUInt32LE(this.#length - first, at)
    return this
  }

  byteArray(bytes: Uint8Array): this {
    return this.uint32(bytes.byteLength).#append(bytes)
  }

  #append(bytes: Uint8Array): this {
    const needed = this.#length + bytes.byteLength
    if (needed > this.#buffer.byteLength) {
      this.#buffer = Buffer.concat([this.#buffer, Buffer.alloc(needed)])
    }
    this.#buffer.set(bytes, this.#length)
    this.#length = needed
    return this
  }
}

const LITTLE_ENDIAN = 'l'.charCodeAt(0)
const VERSION = 1
const METHOD_CALL = 1
const METHOD_RETURN = 2
const ERROR = 3
/** The codes of the header fields, in the order in which they are written. */
const [PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SIGNATURE] = [
  1, 2, 3, 4, 5, 6, 8,
] as const

/** Encodes a call. The bytes are those of busctl(1), but for its flags. */
export function encodeCall(call: MethodCall, serial: number): Buffer {
  const { signature = '', write = () => {} } = call
  const body = new Writer()
  write(body)
  const message = new Writer()
  message.byte(LITTLE_ENDIAN).byte(METHOD_CALL).byte(0).byte(VERSION)
  message.uint32(body.bytes.byteLength).uint32(serial)
  message.array(8, () => {
    message.align(8).byte(PATH).signature('o').string(call.path)
    message.align(8).byte(MEMBER).signature('s').string(call.member)
    message.align(8).byte(INTERFACE).signature('s').string(call.interface)
    message.align(8).byte(DESTINATION).signature('s').string(call.destination)
    if (signature !== '') message.align(8).byte(SIGNATURE).signature('g').signature(signature)
  })
  return Buffer.concat([message.align(8).bytes, body.bytes])
}

/** An answer to a call. */
export interface Reply {
  /** The call that it is for. */
  readonly serial: number
  /** The name of the error; undefined: there was none. */
  readonly error: string | undefined
  readonly body: Buffer
}

const MOST_BYTES = 1024 * 1024
const HEAD = 16

/**
 * Returns the length of the message at the beginning of some bytes; undefined: not known yet.
 *
 * @throws WireGuardError `EPROTO`
 */
export function messageLength(bytes: Buffer): number | undefined {
  if (bytes.byteLength < HEAD) return undefined
  if (bytes[0] !== LITTLE_ENDIAN || bytes[3] !== VERSION) throw malformed('its head')
  const length = align8(HEAD + bytes.readUInt32LE(12)) + bytes.readUInt32LE(4)
  if (length > MOST_BYTES) throw malformed(`${length} bytes`)
  return length
}

/**
 * Decodes a message; undefined: it is no answer, but a signal.
 *
 * @throws WireGuardError `EPROTO`
 */
export function decodeReply(message: Buffer): Reply | undefined {
  const type = message[1]
  if (type !== METHOD_RETURN && type !== ERROR) return undefined
  const end = HEAD + message.readUInt32LE(12)
  const fields = new Reader(message.subarray(0, end), HEAD)
  let serial: number | undefined
  let name: string | undefined
  while (fields.at < end) {
    fields.align(8)
    const code = fields.byte()
    const signature = fields.signature()
    if (signature === 'u') {
      const value = fields.uint32()
      if (code === REPLY_SERIAL) serial = value
    } else if (signature === 's' || signature === 'o') {
      const value = fields.string()
      if (code === ERROR_NAME) name = value
    } else if (signature === 'g') fields.signature()
    else throw malformed('a header field')
  }
  if (serial === undefined || (type === ERROR && name === undefined)) throw malformed('its header')
  const body = message.subarray(align8(end))
  return { serial, error: type === ERROR ? name : undefined, body }
}

/** Reads values at their alignments. @throws WireGuardError `EPROTO` at the end */
export class Reader {
  readonly #bytes: Buffer
  at: number

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.at = at
  }

  align(multiple: number): void {
    this.at = Math.ceil(this.at / multiple) * multiple
  }

  byte(): number {
    return this.#take(1)[0]!
  }

  uint32(): number {
    this.align(4)
    return this.#take(4).readUInt32LE()
  }

  string(): string {
    const text = this.#take(this.uint32()).toString()
    this.#take(1)
    return text
  }

  signature(): string {
    const text = this.#take(this.byte()).toString('latin1')
    this.#take(1)
    return text
  }

  #take(length: number): Buffer {
    const end = this.at + length
    if (end > this.#bytes.byteLength) throw malformed('it ends too early')
    const taken = this.#bytes.subarray(this.at, end)
    this.at = end
    return taken
  }
}

function align8(length: number): number {
  return Math.ceil(length / 8) * 8
}

function malformed(what: string): WireGuardError {
  return new WireGuardError('malformed message of D-Bus', { code: 'EPROTO', detail: what })
}
