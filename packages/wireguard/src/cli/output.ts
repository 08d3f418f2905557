import type { Writable } from 'node:stream'

/** The reader of our output has gone away, as `head` does: nothing is left to do. */
export class ClosedPipeError extends Error {}

// A write of this size is one system call; each costs more than making its text.
const CHUNK = 65_536

/** Writes text to a stream in large pieces and waits while the other side is slow. */
export class Output {
  readonly #open: () => Writable
  #opened: Writable | undefined
  #pending = ''
  #error: NodeJS.ErrnoException | undefined

  /** @param open gives the stream; called when there is something to write */
  constructor(open: () => Writable) {
    this.#open = open
  }

  /**
   * Adds text. Await it, so that a slow reader slows us down instead of filling memory.
   *
   * @throws ClosedPipeError when nobody reads any more, or the error of the stream
   */
  async write(text: string): Promise<void> {
    this.#pending += text
    if (this.#pending.length >= CHUNK) await this.flush()
  }

  /** Hands everything to the system. @throws as {@link Output.write} */
  async flush(): Promise<void> {
    const text = this.#pending
    this.#pending = ''
    this.#check()
    if (text === '') return
    const stream = this.#stream()
    const isDrained = stream.write(text)
    if (!isDrained && !stream.destroyed) await this.#drained(stream)
    this.#check()
  }

  /** Waits until the system has taken everything. @throws as {@link Output.write} */
  async close(): Promise<void> {
    await this.flush()
    const stream = this.#opened
    if (stream === undefined) return
    await new Promise<void>((resolve) => {
      if (stream.destroyed || stream.writableLength === 0) resolve()
      else stream.write('', () => resolve())
    })
    this.#check()
  }

  /** Takes our listener off the stream. */
  release(): void {
    // What is destroyed may still report why, and somebody has to listen.
    if (this.#opened?.destroyed === false) this.#opened.off('error', this.#onError)
  }

  #stream(): Writable {
    if (this.#opened === undefined) {
      this.#opened = this.#open()
      // Without a listener an EPIPE would end the process with a stack trace.
      this.#opened.on('error', this.#onError)
    }
    return this.#opened
  }

  /** Resolves when the stream wants more, or will never. */
  #drained(stream: Writable): Promise<void> {
    const events = ['drain', 'close', 'error']
    return new Promise((resolve) => {
      const settle = (): void => {
        for (const event of events) stream.off(event, settle)
        resolve()
      }
      for (const event of events) stream.on(event, settle)
    })
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    this.#error ??= error
  }

  #check(): void {
    if (this.#error === undefined) return
    if (isClosedPipe(this.#error)) throw new ClosedPipeError('standard output was closed')
    throw this.#error
  }
}

function isClosedPipe({ code = '' }: NodeJS.ErrnoException): boolean {
  return ['EPIPE', 'ERR_STREAM_DESTROYED', 'ECONNRESET'].includes(code)
}
