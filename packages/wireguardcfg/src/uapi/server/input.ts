import type { Socket } from 'node:net'

const LINE_FEED = 10

/** The length of a line that is no operation. An operation is five bytes. */
const OPERATION_LIMIT = 65_536

/** The bytes that a client sends. The socket is read no faster than the bytes are used. */
export class Input {
  readonly #socket: Socket
  #arrived: Uint8Array = new Uint8Array(0)
  #wake: (() => void) | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    const wake = (): void => this.#wake?.()
    socket.on('readable', wake).on('end', wake).on('close', wake)
  }

  /** Waits for bytes and returns 1 to `limit` of them; `undefined` at the end. */
  async read(limit: number): Promise<Uint8Array | undefined> {
    while (this.#arrived.byteLength === 0) {
      const chunk: Uint8Array | null = this.#socket.read()
      if (chunk !== null) this.#arrived = chunk
      else if (this.#socket.readableEnded || this.#socket.destroyed) return undefined
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    const bytes = this.#arrived.subarray(0, limit)
    this.#arrived = this.#arrived.subarray(limit)
    return bytes
  }

  /**
   * Returns the next line without its line feed. Returns `undefined` at the end, also in the middle
   * of a line, and when the line is too long.
   */
  async readOperation(): Promise<string | undefined> {
    let line = ''
    while (line.length < OPERATION_LIMIT) {
      const bytes = await this.read(OPERATION_LIMIT)
      if (bytes === undefined) return undefined
      const end = bytes.indexOf(LINE_FEED)
      line += Buffer.from(
        bytes.buffer,
        bytes.byteOffset,
        end < 0 ? bytes.byteLength : end,
      ).toString('latin1')
      if (end < 0) continue
      this.#unread(bytes, end + 1)
      return line
    }
    return undefined
  }

  #unread(bytes: Uint8Array, from: number): void {
    const rest = bytes.subarray(from)
    this.#arrived = this.#arrived.byteLength === 0 ? rest : Buffer.concat([rest, this.#arrived])
  }
}
