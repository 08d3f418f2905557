import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { DaemonLog } from './daemon-log.js'

/**
 * Runs a function in some network namespace: synchronously, because what it starts inherits the
 * namespace.
 */
export type Within = <T>(step: () => T) => T

/**
 * A userspace implementation in the foreground: a child of this process, so that its end is noticed
 * and leaves no zombie, in a session of its own, so that it outlives this process, as an interface
 * of the kernel does.
 */
export class Daemon {
  readonly program: string
  /** Resolves when the process is gone, or could not be started. */
  readonly end: Promise<void>
  readonly #child: ChildProcess
  readonly #output = new DaemonLog()
  #outcome: string | undefined
  #failure: NodeJS.ErrnoException | undefined
  #lastWords = ''

  constructor(program: string, name: string, within: Within) {
    this.program = program
    const { fd = 'ignore' } = this.#output
    try {
      this.#child = within(() =>
        spawn(program, ['--foreground', name], {
          cwd: '/',
          detached: true,
          stdio: ['ignore', fd, fd],
        }),
      )
    } catch (error) {
      this.#output[Symbol.dispose]()
      throw error
    }
    this.end = new Promise((resolve) => {
      const ended = (outcome: string): void => {
        this.#outcome ??= outcome
        this.#lastWords = this.#output.text()
        this.#output[Symbol.dispose]()
        resolve()
      }
      this.#child.once('exit', (status, signal) => {
        ended(signal === null ? `ended with status ${status}` : `ended by ${signal}`)
      })
      this.#child.on('error', (error: NodeJS.ErrnoException) => {
        this.#failure = error
        // A signal that could not be sent is an error too, and no end.
        if (this.#child.pid === undefined) ended('could not be started')
      })
    })
    this.#child.unref()
  }

  /** How the process ended; undefined while it runs. */
  get outcome(): string | undefined {
    return this.#outcome
  }

  /** Why the process could not be started. */
  get failure(): NodeJS.ErrnoException | undefined {
    return this.#failure
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** The last of what it printed. */
  output(): string {
    return this.#outcome === undefined ? this.#output.text() : this.#lastWords
  }

  /**
   * Waits until it is gone, so many milliseconds at most, or until the signal is aborted; whether
   * it is gone.
   */
  goneWithin(milliseconds: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#outcome !== undefined) return Promise.resolve(true)
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        this.#child.off('exit', done)
        resolve(this.#outcome !== undefined)
      }
      const timer = setTimeout(done, milliseconds)
      signal?.addEventListener('abort', done, { once: true })
      this.#child.once('exit', done)
    })
  }

  /**
   * SIGTERM, and SIGKILL for one that does not mind it, to its whole process group: the program may
   * be a script that waits for the real one. Whether it is gone, which it may not be if the kernel
   * holds it.
   */
  async kill(patience = 1000): Promise<boolean> {
    if (this.#outcome !== undefined) return true
    this.#signalGroup('SIGTERM')
    if (await this.#groupGoneWithin(patience)) return true
    this.#signalGroup('SIGKILL')
    return await this.#groupGoneWithin(5000)
  }

  async #groupGoneWithin(milliseconds: number): Promise<boolean> {
    const deadline = performance.now() + milliseconds
    await this.goneWithin(milliseconds)
    // The number of a group is not given away while there is somebody in it.
    while (this.#signalGroup(0)) {
      if (performance.now() > deadline) return false
      await sleep(5)
    }
    return this.#outcome !== undefined
  }

  /** False: there is nobody. */
  #signalGroup(signal: NodeJS.Signals | 0): boolean {
    if (this.#child.pid === undefined) return false
    try {
      return process.kill(-this.#child.pid, signal)
    } catch {
      return false
    }
  }
}
