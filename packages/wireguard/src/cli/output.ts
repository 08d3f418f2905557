import type { Writable } from 'node:stream'

/** Reports that the reader of the output has closed it, as `head` does. */
export class ClosedPipeError extends Error {}

// A write of this size is one system call. A system call costs more than the text of it.
const CHUNK = 65_536

/** Writes text to a stream in large pieces, and waits for a slow reader. */
export class Output {
  readonly #open: () => Writable
  #opened: Writable | undefined
  #pending = ''
  #error: NodeJS.ErrnoException | undefined

  /** @param open returns the stream; called before the first write */
  constructor(open: () => Writable) {
    this.#open = open
  }

  /**
   * Adds text. Await it, so that the text for a slow reader does not fill the memory.
   *
   * @throws ClosedPipeError the reader has closed the output, or the error of the stream
   */
  async write(text: string): Promise<void> {
    this.#pending += text
    if (this.#pending.length >= CHUNK) await this.flush()
  }

  /** Writes the pending text to the stream. @throws as {@link Output.write} */
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

  /** Waits until the stream has written all text. @throws as {@link Output.write} */
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

  /** Removes the error listener from the stream. */
  release(): void {
    // A destroyed stream may still emit its error, which needs a listener.
    if (this.#opened?.destroyed === false) this.#opened.off('error', this.#onError)
  }

  #stream(): Writable {
    if (this.#opened === undefined) {
      this.#opened = this.#open()
      // Without a listener, an EPIPE would end the process with a stack trace.
      this.#opened.on('error', this.#onError)
    }
    return this.#opened
  }

  /** Resolves when the stream accepts more text, or has ended. */
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
