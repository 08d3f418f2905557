import { randomUUID } from 'node:crypto'
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// Bytes that an error quotes, and bytes that a daemon may keep on the disk until the next trim.
const QUOTED = 2048
const KEPT = 65_536
const TRIM_EVERY = 60_000 // milliseconds

/**
 * The output of a daemon, in a file without a name. It is not a pipe, because the daemon outlives
 * this process and a pipe without a reader would end it. While this process runs, the file is
 * emptied when it grows too long.
 */
export class DaemonLog implements Disposable {
  /**
   * For the daemon's stdout and stderr; undefined: no file could be made, and the output is lost.
   */
  readonly fd: number | undefined
  readonly #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor() {
    this.fd = openUnnamed()
    if (this.fd !== undefined) this.#timer = setInterval(() => this.#trim(), TRIM_EVERY).unref()
  }

  /**
   * Returns the last lines as one line, without the box that wireguard-go draws around its warning;
   * empty when there is no output.
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
    // The file is open with O_APPEND, so the daemon then writes at the beginning.
    if (this.fd !== undefined && fstatSync(this.fd).size > KEPT) ftruncateSync(this.fd, 0)
  }
}

function openUnnamed(): number | undefined {
  const path = join(tmpdir(), `wireguard-${randomUUID()}`)
  try {
    const fd = openSync(path, 'ax+', 0o600)
    unlinkSync(path)
    return fd
  } catch {
    return undefined
  }
}
