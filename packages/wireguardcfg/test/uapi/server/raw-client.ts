import { afterEach } from '@jest/globals'
import { connect, type Socket } from 'node:net'
import { temporaryDirectory } from '../../../../../test-fixtures/directory.js'
import { UapiServer, type UapiServerOptions } from '../../../src/server.js'

/** Keys in hexadecimal: two peers, a secret, and the public key of {@link OWN}. */
export const ALICE = '1a'.repeat(32)
export const BOB = '2b'.repeat(32)
export const SECRET = '3c'.repeat(32)
export const ZERO = '00'.repeat(32)
/** A private key, clamped, and what `wg pubkey` says about it. */
export const OWN = '70076d0a7318a57d3c16c17251b26645df4c2f92ebc099c2a177dba51db92c6a'
export const OWN_PUBLIC = 'cce2b468dc8d503540c11ec17bcd9c2393445b0336b574498be6d5b8266aa80c'

const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

/** An empty directory that is removed after the test. */
export async function testDirectory(): Promise<string> {
  const directory = await temporaryDirectory()
  cleanups.push(() => directory[Symbol.asyncDispose]())
  return directory.path
}

/**
 * A server that is closed after the test, by default with peers in the order of their creation.
 */
export async function startServer(options: Partial<UapiServerOptions> = {}): Promise<UapiServer> {
  const directory = options.directory ?? (await testDirectory())
  const server = await UapiServer.listen({
    name: 'wg0',
    peerOrder: 'insertion',
    ...options,
    directory,
  })
  cleanups.push(() => server.close())
  return server
}

/** A client that sends any bytes and shows the bytes that it receives. */
export class RawClient {
  readonly #socket: Socket
  #pieces: string[] = []
  #complete = false
  #wake: (() => void) | undefined
  /** The code of the error that ended the connection. */
  error: string | undefined

  constructor(path: string) {
    this.#socket = connect({ path, allowHalfOpen: true })
    const wake = (): void => this.#wake?.()
    this.#socket
      .setEncoding('utf8')
      .on('data', (text: string) => {
        // Joined as late as possible: a reply may be 20 MB in pieces of 64 KB.
        this.#complete ||= `${this.#pieces.at(-1)?.slice(-1) ?? ''}${text}`.includes('\n\n')
        this.#pieces.push(text)
        wake()
      })
      .on('end', wake)
      .on('error', (error: NodeJS.ErrnoException) => (this.error = error.code))
      .on('close', wake)
    cleanups.push(async () => this.hangUp())
  }

  /** Resolves when the bytes are on their way. */
  send(text: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#socket.write(text, () => resolve()))
  }

  /** Sends no more, and still reads. */
  finish(): void {
    this.#socket.end()
  }

  hangUp(): void {
    this.#socket.destroy()
  }

  /** Stops reading, and starts again. */
  pause(): void {
    this.#socket.pause()
  }
  resume(): void {
    this.#socket.resume()
  }

  /** What has come so far and was not taken. */
  get received(): string {
    return this.#pieces.join('')
  }

  /** The next reply, up to its status; what came before the connection ended if it does. */
  async reply(): Promise<string> {
    while (!this.#complete && !this.#over()) await this.#change()
    const end = this.received.indexOf('\n\n')
    return this.#take(end < 0 ? undefined : end + 2)
  }

  /** What comes until the server ends the connection. */
  async rest(): Promise<string> {
    while (!this.#over()) await this.#change()
    return this.#take()
  }

  /** Sends an operation and waits for its reply. */
  async ask(operation: string): Promise<string> {
    await this.send(operation)
    return this.reply()
  }

  /** Sends a set operation of these lines and waits for its status. */
  async set(...lines: readonly string[]): Promise<string> {
    return (await this.ask(setOf(lines))).trim()
  }

  /** The lines of a get reply without its status. */
  async get(): Promise<string[]> {
    const lines = (await this.ask('get=1\n\n')).split('\n')
    return lines.slice(
      0,
      lines.findIndex((line) => line.startsWith('errno=')),
    )
  }

  #over(): boolean {
    return this.#socket.readableEnded || this.#socket.destroyed
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }

  #take(length?: number): string {
    const text = this.received
    const rest = length === undefined ? '' : text.slice(length)
    this.#pieces = [rest]
    this.#complete = rest.includes('\n\n')
    return text.slice(0, length)
  }
}

/** The text of a set operation. */
export function setOf(lines: readonly string[]): string {
  return `set=1\n${lines.map((line) => `${line}\n`).join('')}\n`
}

/** The key lines of so many peers. */
export function manyPeers(count: number): string[] {
  return Array.from(
    { length: count },
    (_, i) => `public_key=${(i + 1).toString(16).padStart(64, '0')}`,
  )
}
