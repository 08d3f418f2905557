import { randomUUID } from 'node:crypto'
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// What an error quotes, and what a daemon that complains all the time may hold on the disk
// meanwhile, in bytes.
const QUOTED = 2048
const KEPT = 65_536
const TRIM_EVERY = 60_000

/**
 * What a daemon prints, in a file without a name. Not a pipe: the daemon outlives this process, and
 * would die of a pipe that nobody reads. The file is emptied now and then while this process lives.
 */
export class DaemonLog implements Disposable {
  /**
   * For the daemon's stdout and stderr; undefined: there is no place for a file, and what it prints
   * is lost.
   */
  readonly fd: number | undefined
  readonly #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor() {
    this.fd = openUnnamed()
    if (this.fd !== undefined) this.#timer = setInterval(() => this.#trim(), TRIM_EVERY).unref()
  }

  /**
   * The last lines, on one line, without the frames that wireguard-go draws around its greeting;
   * empty when there are none.
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
    // Written with O_APPEND, so that the daemon goes on at the beginning.
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
