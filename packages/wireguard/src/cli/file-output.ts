import { writeSync } from 'node:fs'
import { Writable } from 'node:stream'

/**
 * Standard output that is a regular file. Node's own stream for it writes once: of what a full disk
 * takes only in part, the rest would be lost without an error.
 */
export class FileOutput extends Writable {
  readonly fd: number

  /** @param fd the descriptor, which stays open */
  constructor(fd: number) {
    super()
    this.fd = fd
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    try {
      for (let at = 0; at < chunk.byteLength;) at += writeSync(this.fd, chunk, at)
      done()
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
