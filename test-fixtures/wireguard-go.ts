import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type CommandOptions, type CommandResult, runCommand } from './command.js'
import { until } from './wait.js'

/** A real wireguard-go process, in the foreground, in a network namespace of its own. */
export interface WireGuardGo extends AsyncDisposable {
  /** The interface's name, at most 15 characters, unlike that of any other test. */
  readonly name: string
  /**
   * Where it listens. Unix sockets know no network namespace, so every process of the machine
   * reaches it.
   */
  readonly socketPath: string
  readonly pid: number
  /** Runs the real wg(8) inside the namespace. */
  wg(...args: readonly string[]): Promise<CommandResult>
  /** Runs a program inside the namespace: `inNamespace('ip', 'link', 'set', name, 'up')`. */
  inNamespace(file: string, ...args: readonly string[]): Promise<CommandResult>
  /** Runs a program inside the namespace with an input, an environment or a limit of its own. */
  run(command: readonly [string, ...string[]], options: CommandOptions): Promise<CommandResult>
  /**
   * Sends a signal. After SIGKILL and SIGTERM it resolves when the process has ended. SIGKILL
   * leaves a stale socket.
   */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Ends the process and removes its socket. May be called twice, and after a kill. */
  stop(): Promise<void>
}

/** Options of startWireGuardGo(). */
export interface WireGuardGoOptions {
  /** Absent: a new name. Give one to bring a killed device back. */
  readonly name?: string
  /** The program; absent: that of PATH. */
  readonly program?: string
  /** Added to the environment: `{ LOG_LEVEL: 'verbose' }`. */
  readonly env?: NodeJS.ProcessEnv
}

/**
 * The wireguard-go of Debian's development suite, which `.ci/provision` unpacks; undefined: that
 * suite could not be reached, and `npm test` says so.
 */
export const NEWEST_WIREGUARD_GO = [
  join(
    process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    'wireguard-newest/wireguard-go/usr/bin/wireguard-go',
  ),
].find((path) => existsSync(path))

/**
 * How long the daemon may take to answer, ms: half a second here, far more in an emulated machine.
 */
const START_LIMIT = 30_000
/** How long it may take to end after SIGTERM before it is killed, ms. */
const STOP_LIMIT = 10_000

/**
 * Starts wireguard-go and waits until its socket answers. Needs what `hasWireGuardGo` of require.ts
 * checks. Rejects with what the daemon printed when it ends early, or does not answer in time.
 */
export async function startWireGuardGo(options: WireGuardGoOptions = {}): Promise<WireGuardGo> {
  const { name = uniqueName(), program = 'wireguard-go' } = options
  const socketPath = socketOf(name)
  // Otherwise the answer of the other daemon would count as that of this one.
  if (await answers(socketPath)) throw new Error(`wireguard-go ${name}: ${socketPath} is in use`)
  // setpriv: a test process that is killed takes its daemons with it. Each of the three replaces
  // the one before, so the child's pid is wireguard-go's own.
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'TERM', 'unshare', '-n', program, '--foreground', name],
    { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const daemon = new Daemon(name, socketPath, child)
  try {
    await daemon.ready()
  } catch (cause) {
    await daemon.stop()
    throw cause
  }
  return daemon
}

class Daemon implements WireGuardGo {
  readonly name: string
  readonly socketPath: string
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #output = ''
  #startError: Error | undefined

  constructor(name: string, socketPath: string, child: ChildProcess) {
    this.name = name
    this.socketPath = socketPath
    this.#child = child
    this.#ended = new Promise((resolve) => {
      child.once('close', resolve)
      child.once('error', (error) => {
        this.#startError = error
        resolve(undefined)
      })
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-16_384)
      })
    }
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`wireguard-go ${this.name} did not start`)
    return this.#child.pid
  }

  async ready(): Promise<void> {
    const isReady = async () => this.#hasEnded() || (await answers(this.socketPath))
    await until(isReady, `wireguard-go ${this.name} answers`, START_LIMIT).catch((error: Error) => {
      throw new Error(`${error.message}: ${this.#output.trim()}`)
    })
    if (!this.#hasEnded()) return
    // The last lines may still be in the pipe.
    await this.#ended
    if (this.#startError) throw this.#startError
    throw new Error(`wireguard-go ${this.name} ended at once: ${this.#output.trim()}`)
  }

  wg(...args: readonly string[]): Promise<CommandResult> {
    return this.run(['wg', ...args])
  }

  inNamespace(file: string, ...args: readonly string[]): Promise<CommandResult> {
    return this.run([file, ...args])
  }

  run(command: readonly [string, ...string[]], options?: CommandOptions): Promise<CommandResult> {
    return runCommand(['nsenter', '-t', String(this.pid), '-n', '--', ...command], options)
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal)
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await this.#ended
  }

  async stop(): Promise<void> {
    if (!this.#hasEnded() && this.#child.pid !== undefined) {
      this.#child.kill('SIGTERM')
      const hasEnded = () => this.#hasEnded()
      await until(hasEnded, `wireguard-go ${this.name} ends`, STOP_LIMIT).catch(() => {
        this.#child.kill('SIGKILL')
      })
      await this.#ended
    }
    await rm(this.socketPath, { force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #hasEnded(): boolean {
    const { exitCode, signalCode } = this.#child
    return exitCode !== null || signalCode !== null || this.#startError !== undefined
  }
}

/**
 * A name for a device that no other test has: sockets know no namespace, workers run at the same
 * time, and one worker runs many files.
 */
export function uniqueName(): string {
  return `wgt${process.pid.toString(36)}${randomInt(36 ** 5).toString(36)}`
}

/** Where wireguard-go has the socket of a device. */
export function socketOf(name: string): string {
  return `/var/run/wireguard/${name}.sock`
}

/** Whether a get operation on the socket is answered within a second. */
async function answers(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    const answered = once(socket, 'data', { signal: AbortSignal.timeout(1000) })
    socket.write('get=1\n\n')
    await answered
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
