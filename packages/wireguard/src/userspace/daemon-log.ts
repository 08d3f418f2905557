import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { WireGuardError } from 'wireguardcfg'
import { daemonEnvironment } from './environment.js'
import { findProgram } from './implementation.js'

// An import would also load the streams of node:fs, which takes 2 ms.
const { closeSync, mkdtempSync, openSync, rmdirSync, unlinkSync } =
  process.getBuiltinModule('node:fs')
const events = process.getBuiltinModule('node:events')

const KEPT = 2048 // bytes that an error quotes
const PATIENCE = 1000 // milliseconds

/**
 * The last output of a daemon. The daemon writes into a pipe from which tail(1) reads. tail(1)
 * keeps the last bytes in its memory and ends with the daemon, so nothing grows, also after this
 * process has ended. The daemon has the pipe open for reading too, because a write to a pipe
 * without a reader would end the daemon.
 */
export class DaemonLog {
  /** The daemon's stdin, stdout and stderr; `'ignore'` if its output cannot be kept. */
  readonly stdio: number | 'ignore'
  readonly #text: Promise<string>

  private constructor(stdio: number | 'ignore', text: Promise<string>) {
    this.stdio = stdio
    this.#text = text
  }

  static async open(): Promise<DaemonLog> {
    try {
      const { writer, tail } = await openPipe()
      return new DaemonLog(writer, textOf(tail))
    } catch {
      // No tail(1), no space, too many files or processes: the device is worth more than its log.
      return new DaemonLog('ignore', Promise.resolve(''))
    }
  }

  /** Closes the pipe in this process, after the start of the daemon. */
  closePipe(): void {
    if (this.stdio !== 'ignore') closeSync(this.stdio)
  }

  /**
   * Returns the last lines as one line, without the frame that wireguard-go draws around its
   * warning; empty if there is no output. Waits up to a second for the end of tail(1) and of the
   * processes that can write.
   */
  async text(): Promise<string> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(''), PATIENCE)
    })
    const text = await Promise.race([this.#text, late])
    clearTimeout(timer)
    return text
      .split('\n')
      .filter((line) => !/[│┌└]/.test(line))
      .map((line) => line.replaceAll(/[\p{Cc}\p{Cf}\uFFFD]/gu, ' ').trim())
      .filter((line) => line !== '')
      .slice(-4)
      .join('; ')
  }
}

interface Pipe {
  /** A descriptor for reading and writing. */
  readonly writer: number
  readonly tail: ChildProcess
}

/** Node cannot make a pipe between two children, so it is a named one for a moment. */
async function openPipe(): Promise<Pipe> {
  const { tmpdir } = process.getBuiltinModule('node:os')
  const directory = mkdtempSync(join(tmpdir(), 'wireguard-'))
  const path = join(directory, 'output')
  const open: number[] = []
  try {
    await ended(start('mkfifo', ['-m', '600', path], ['ignore', 'ignore', 'ignore']))
    // fifo(7): open for both, it waits for nobody.
    const writer = openSync(path, 'r+')
    open.push(writer)
    const reader = openSync(path, 'r')
    open.push(reader)
    const tail = start('tail', ['-c', String(KEPT)], [reader, 'pipe', 'ignore'])
    await events.once(tail, 'spawn')
    open.shift()
    return { writer, tail }
  } finally {
    for (const fd of open) closeSync(fd)
    remove(directory, path)
  }
}

/**
 * Removes the named pipe and its directory. A recursive removal would need a descriptor. What
 * cannot be removed stays: the pipe is open, and an error would leave it open for nobody.
 */
function remove(directory: string, path: string): void {
  for (const step of [() => unlinkSync(path), () => rmdirSync(directory)]) {
    try {
      step()
    } catch {
      // mkfifo(1) may have failed, or the system refuses.
    }
  }
}

/** Starts a program of the system, which outlives this process and does not keep it from ending. */
function start(
  name: string,
  args: readonly string[],
  stdio: ('ignore' | 'pipe' | number)[],
): ChildProcess {
  const program = findProgram(name)
  if (program === undefined) throw new WireGuardError(`no ${name}`, { code: 'ENOENT' })
  const { spawn } = process.getBuiltinModule('node:child_process')
  const child = spawn(program, args, {
    cwd: '/',
    detached: true,
    env: daemonEnvironment(),
    stdio,
  })
  child.unref()
  return child
}

async function ended(child: ChildProcess): Promise<void> {
  await events.once(child, 'exit')
  if (child.exitCode !== 0) throw new WireGuardError('a program failed', { code: 'EIO' })
}

/** Returns the output of tail(1) when it has ended. */
async function textOf(tail: ChildProcess): Promise<string> {
  const { stdout } = tail
  // The pipe must not keep this process from ending either.
  const { Socket } = process.getBuiltinModule('node:net')
  if (stdout instanceof Socket) stdout.unref()
  const chunks: Buffer[] = []
  stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  stdout?.on('error', () => {})
  tail.on('error', () => {})
  await new Promise((resolve) => {
    tail.once('close', resolve)
  })
  return Buffer.concat(chunks).toString('utf8')
}
