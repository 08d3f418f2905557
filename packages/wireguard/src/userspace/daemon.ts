import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { onAbort } from 'wireguardcfg/internal'
import { DaemonLog } from './daemon-log.js'

/**
 * Runs a function in a network namespace. The function is synchronous; a process that it starts
 * inherits the namespace.
 */
export type Within = <T>(step: () => T) => T

/**
 * A userspace implementation that runs in the foreground. It is a child of this process, which
 * therefore notices its end, and it leaves no zombie. It has a session of its own, so it outlives
 * this process, as a kernel interface does.
 */
export class Daemon {
  readonly program: string
  /** Resolves when the process has ended, or could not be started. */
  readonly end: Promise<void>
  readonly #child: ChildProcess
  readonly #output = new DaemonLog()
  #outcome: string | undefined
  #failure: NodeJS.ErrnoException | undefined
  #lastOutput = ''

  constructor(program: string, name: string, within: Within) {
    this.program = program
    const { fd = 'ignore' } = this.#output
    // Loading it takes time, which programs that start no daemon need not spend.
    const { spawn } = process.getBuiltinModule('node:child_process')
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
        this.#lastOutput = this.#output.text()
        this.#output[Symbol.dispose]()
        resolve()
      }
      this.#child.once('exit', (status, signal) => {
        ended(signal === null ? `ended with status ${status}` : `ended by ${signal}`)
      })
      this.#child.on('error', (error: NodeJS.ErrnoException) => {
        this.#failure = error
        // Node also emits it when a signal could not be sent. The process then still runs.
        if (this.#child.pid === undefined) ended('could not be started')
      })
    })
    this.#child.unref()
  }

  /** The way the process ended, for messages; undefined while it runs. */
  get outcome(): string | undefined {
    return this.#outcome
  }

  /** The error of the start, if the process could not be started. */
  get failure(): NodeJS.ErrnoException | undefined {
    return this.#failure
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Returns the last lines of its output. */
  output(): string {
    return this.#outcome === undefined ? this.#output.text() : this.#lastOutput
  }

  /**
   * Waits until the process has ended, the time is over or the signal is aborted. Returns whether
   * the process has ended.
   */
  endedWithin(milliseconds: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#outcome !== undefined) return Promise.resolve(true)
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        stopListening()
        this.#child.off('exit', done)
        resolve(this.#outcome !== undefined)
      }
      const timer = setTimeout(done, milliseconds)
      const stopListening = onAbort(signal, done)
      this.#child.once('exit', done)
    })
  }

  /**
   * Sends SIGTERM, then SIGKILL after `patience` milliseconds, to the process group, because the
   * program may be a script that waits for the real one. Returns whether all processes have ended;
   * the kernel may hold a killed process in a system call.
   */
  async kill(patience = 1000): Promise<boolean> {
    if (this.#outcome !== undefined) return true
    this.#signalGroup('SIGTERM')
    if (await this.#groupEndedWithin(patience)) return true
    this.#signalGroup('SIGKILL')
    return await this.#groupEndedWithin(5000)
  }

  async #groupEndedWithin(milliseconds: number): Promise<boolean> {
    const deadline = performance.now() + milliseconds
    await this.endedWithin(milliseconds)
    // The kernel does not reuse the id of a group that has a process.
    while (this.#signalGroup(0)) {
      if (performance.now() > deadline) return false
      await sleep(5)
    }
    return this.#outcome !== undefined
  }

  /** Returns false if the group has no process, or this process must not send signals to it. */
  #signalGroup(signal: NodeJS.Signals | 0): boolean {
    if (this.#child.pid === undefined) return false
    try {
      return process.kill(-this.#child.pid, signal)
    } catch {
      return false
    }
  }
}
