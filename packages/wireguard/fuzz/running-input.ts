import { closeSync, openSync, readSync, writeSync } from 'node:fs'

const HEAD = 8

/**
 * The encoded input that a process is running, in a file that its supervisor reads even if the
 * process never answers, or is no more.
 */
export class RunningInput {
  readonly #file: number
  #count = 0

  constructor(path: string) {
    this.#file = openSync(path, 'a+')
    closeSync(this.#file)
    this.#file = openSync(path, 'r+')
  }

  /** Counts the inputs, so that the supervisor sees that there is progress. */
  get count(): number {
    return this.#head().readUInt32LE(0)
  }

  /** The input that is running. */
  get encoded(): string | undefined {
    const length = this.#head().readUInt32LE(4)
    if (length === 0) return undefined
    const bytes = Buffer.alloc(length)
    readSync(this.#file, bytes, 0, length, HEAD)
    return bytes.toString()
  }

  begin(encoded: string): void {
    const bytes = Buffer.alloc(HEAD + Buffer.byteLength(encoded))
    bytes.writeUInt32LE(++this.#count, 0)
    bytes.writeUInt32LE(bytes.length - HEAD, 4)
    bytes.write(encoded, HEAD)
    writeSync(this.#file, bytes, 0, bytes.length, 0)
  }

  end(): void {
    writeSync(this.#file, NOTHING, 0, NOTHING.length, 4)
  }

  close(): void {
    closeSync(this.#file)
  }

  #head(): Buffer {
    const head = Buffer.alloc(HEAD)
    readSync(this.#file, head, 0, HEAD, 0)
    return head
  }
}

const NOTHING = new Uint8Array(4)
