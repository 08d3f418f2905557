import type { Writable } from 'node:stream'

/** Reports that the reader of the output has closed it, as `head` does. */
export class ClosedPipeError extends Error {}

/** Reports that the output could not be written, for example to a full disk. */
export class WriteError extends Error {
  readonly code: string

  constructor(message: string, code: string) {
    super(message)
    this.code = code
  }
}

// A write of this size is one system call. A system call costs more than the text of it.
const CHUNK = 65_536

const PRINTABLE = /^[\n\t -~]*$/

/**
 * Writes text to a stream in large pieces, and waits for a slow reader. Much of the text comes from
 * names, files and daemons, so no character that controls a terminal passes, except in styled text.
 */
export class Output {
  readonly #open: () => Writable
  #opened: Writable | undefined
  readonly #isMessages: boolean
  #pending = ''
  #error: unknown

  /**
   * @param open returns the stream; called before the first write
   * @param isMessages whether a failure to write is ignored, because it could be reported nowhere
   */
  constructor(open: () => Writable, isMessages = false) {
    this.#open = open
    this.#isMessages = isMessages
  }

  /**
   * Adds text, with every character escaped that cannot be printed, except line feeds and tabs.
   * Await it, so that the text for a slow reader does not fill the memory.
   *
   * @throws ClosedPipeError the reader has closed the output
   * @throws WriteError the output could not be written
   */
  async write(text: string): Promise<void> {
    if (PRINTABLE.test(text)) return this.writeStyled(text)
    const { escapeUnprintable } = await import('wireguardcfg/internal')
    return this.writeStyled(text.replaceAll(/[^\n\t]+/g, escapeUnprintable))
  }

  /**
   * Adds text as it is: with colours, and with nothing else that cannot be printed.
   *
   * @throws as {@link Output.write}
   */
  async writeStyled(text: string): Promise<void> {
    this.#pending += text
    if (this.#pending.length >= CHUNK) await this.flush()
  }

  /** Writes the pending text to the stream. @throws as {@link Output.write} */
  async flush(): Promise<void> {
    const text = this.#pending
    this.#pending = ''
    await this.#check()
    if (text === '') return
    try {
      const stream = this.#stream()
      const isDrained = stream.write(text)
      if (!isDrained && !stream.destroyed) await this.#drained(stream)
    } catch (error) {
      this.#error ??= error
    }
    await this.#check()
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
    await this.#check()
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

  readonly #onError = (error: unknown): void => {
    this.#error ??= error
  }

  async #check(): Promise<void> {
    if (this.#error === undefined) return
    const { errorCode } = await import('wireguardcfg/internal')
    const code = errorCode(this.#error)
    if (CLOSED.has(code)) throw new ClosedPipeError('the output was closed')
    if (this.#isMessages) return
    const { strerror } = await import('./strerror.js')
    throw new WriteError(`write: ${strerror(this.#error)}`, code)
  }
}

const CLOSED = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'ECONNRESET'])
