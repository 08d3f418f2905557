import { join } from 'node:path'

// An import would also load the streams of node:fs, which takes 2 ms.
const { closeSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync } =
  process.getBuiltinModule('node:fs')

const QUOTED = 2048 // bytes that an error quotes
const KEPT = 65_536 // bytes that may stay on the disk at a trim
const TRIM_EVERY = 60_000 // milliseconds

/**
 * The output of a daemon, in a file without a name. It is not a pipe, because the daemon outlives
 * this process, and a write to a pipe without a reader would end the daemon. While this process
 * runs, it empties the file when the file is too long.
 */
export class DaemonLog implements Disposable {
  /**
   * The descriptor for the daemon's stdout and stderr; undefined if the file could not be created,
   * and the output is lost.
   */
  readonly fd: number | undefined
  readonly #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor() {
    this.fd = openUnnamed()
    if (this.fd !== undefined) this.#timer = setInterval(() => this.#trim(), TRIM_EVERY).unref()
  }

  /**
   * Returns the last lines as one line, without the frame that wireguard-go draws around its
   * warning; empty if there is no output.
   */
  text(): string {
    if (this.fd === undefined || this.#closed) return ''
    const bytes = Buffer.alloc(QUOTED)
    const start = Math.max(0, fstatSync(this.fd).size - QUOTED)
    const length = readSync(this.fd, bytes, 0, QUOTED, start)
    return bytes
      .toString('utf8', 0, length)
      .split('\n')
      .filter((line) => !/[│┌└]/.test(line))
      .map((line) => line.replaceAll(/[\p{Cc}\p{Cf}\uFFFD]/gu, ' ').trim())
      .filter((line) => line !== '')
      .slice(-4)
      .join('; ')
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    if (this.fd !== undefined && !this.#closed) closeSync(this.fd)
    this.#closed = true
  }

  #trim(): void {
    // The file is open with O_APPEND, so the daemon continues at the beginning.
    if (this.fd !== undefined && fstatSync(this.fd).size > KEPT) ftruncateSync(this.fd, 0)
  }
}

function openUnnamed(): number | undefined {
  const { tmpdir } = process.getBuiltinModule('node:os')
  const path = join(tmpdir(), `wireguard-${crypto.randomUUID()}`)
  try {
    const fd = openSync(path, 'ax+', 0o600)
    unlinkSync(path)
    return fd
  } catch {
    return undefined
  }
}
