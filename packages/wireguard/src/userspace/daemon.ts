import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { begun, daemonTrace, type Draft, onAbort } from 'wireguardcfg/internal'
import { isWireGuardError, type TracedDaemon } from 'wireguardcfg'
import { DaemonLog } from './daemon-log.js'
import { daemonEnvironment } from './environment.js'
import { isHalted } from './process-files.js'
import { spawnError } from './spawn-error.js'

/**
 * Runs a function in a network namespace. The function is synchronous; a process that it starts
 * inherits the namespace.
 */
export type Within = <T>(step: () => T) => T

/**
 * A userspace implementation that runs in the foreground. It is a child of this process, which
 * therefore notices its end, and it leaves no zombie. It has a session of its own, so it outlives
 * this process, as a kernel interface does. It inherits no descriptor, and little of the
 * environment.
 */
export class Daemon {
  readonly program: string
  /** Resolves when the process has ended, or could not be started. */
  readonly end: Promise<void>
  /** The file of its socket, as `socketId` identifies it; undefined before it is known. */
  socket: string | undefined
  readonly #child: ChildProcess
  readonly #log: DaemonLog
  #outcome: string | undefined
  #failure: Error | undefined

  /**
   * Starts a program.
   *
   * @throws WireGuardError with the code of the system, if it cannot be started; the system reports
   * some such errors later, as the `failure` of the daemon
   */
  static async start(program: string, name: string, within: Within): Promise<Daemon> {
    const log = await DaemonLog.open()
    const { stdio } = log
    let child: ChildProcess | undefined
    // Loading it takes time, which programs that start no daemon need not spend.
    const { spawn } = process.getBuiltinModule('node:child_process')
    try {
      child = within(() =>
        spawn(program, ['--foreground', name], {
          cwd: '/',
          detached: true,
          env: daemonEnvironment(),
          stdio: [stdio, stdio, stdio],
        }),
      )
      return new Daemon(program, name, child, log)
    } catch (error) {
      throw isWireGuardError(error) ? error : spawnError(program, error)
    } finally {
      log.closePipe()
      // Without a writer, it ends.
      if (child?.pid === undefined) await log.text()
    }
  }

  private constructor(program: string, name: string, child: ChildProcess, log: DaemonLog) {
    this.program = program
    this.#child = child
    this.#log = log
    const trace = traceStart(program, name, child.pid)
    this.end = new Promise((resolve) => {
      const ended = (outcome: string): void => {
        this.#outcome ??= outcome
        if (trace !== undefined) traceEnd(trace, outcome, this.#failure)
        resolve()
      }
      child.once('exit', (status, signal) => {
        ended(signal === null ? `ended with status ${status}` : `ended by ${signal}`)
      })
      child.on('error', (error) => {
        this.#failure = error
        // Node also emits it when a signal could not be sent. The process then still runs.
        if (child.pid === undefined) ended('could not be started')
      })
    })
    child.unref()
  }

  /** The way the process ended, for messages; undefined while it runs. */
  get outcome(): string | undefined {
    return this.#outcome
  }

  /** The error of the start, if the process could not be started. */
  get failure(): Error | undefined {
    return this.#failure
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Returns the last lines of its output, when it has ended. */
  output(): Promise<string> {
    return this.#log.text()
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
   * Stops the processes of the group where they are: what they have open then stays as it is until
   * they are killed. Waits up to a second for a thread that is in a system call.
   */
  async halt(): Promise<void> {
    const { pid } = this.#child
    const deadline = performance.now() + 1000
    if (pid === undefined || !this.#signalGroup('SIGSTOP')) return
    while (!isHalted(pid) && performance.now() < deadline) await sleep(1)
  }

  /**
   * Sends SIGTERM, then SIGKILL after `patience` milliseconds, to the process group, because the
   * program may be a script that waits for the real one. Returns whether all processes have ended;
   * the kernel may hold a killed process in a system call.
   */
  async kill(patience = 1000): Promise<boolean> {
    const hasEnded = await this.#killGroup(patience)
    // With the last process, its log ends.
    if (hasEnded) await this.#log.text()
    return hasEnded
  }

  async #killGroup(patience: number): Promise<boolean> {
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
    const { pid } = this.#child
    if (pid === undefined) return false
    // The leader has ended, so a process of its id is another one, and so is its group.
    if (this.#outcome !== undefined && send(pid, 0)) return false
    return send(-pid, signal)
  }
}

/** Sends a signal. Returns false if nobody gets it. */
function send(id: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(id, signal)
  } catch {
    return false
  }
}

function traceStart(
  program: string,
  device: string,
  pid: number | undefined,
): Draft<TracedDaemon> | undefined {
  if (!daemonTrace.isOn) return undefined
  const trace = { program, device, pid, outcome: undefined, ...begun() }
  daemonTrace.start(trace, () => {})
  return trace
}

function traceEnd(
  trace: Draft<TracedDaemon>,
  outcome: string,
  failure: NodeJS.ErrnoException | undefined,
): void {
  trace.outcome = outcome
  if (failure === undefined) daemonTrace.end(trace)
  else daemonTrace.fail(trace, failure)
}
