import type { ChildProcess } from 'node:child_process'
import { type CallOptions, WireGuardError } from 'wireguardcfg'
import { abortError } from 'wireguardcfg/backend'
import { errorCode, escapeUnprintable, onAbort, sleep } from 'wireguardcfg/internal'
import type { Within } from '../userspace/daemon.js'
import { SYSTEM_PATH } from '../userspace/environment.js'
import { findProgram } from '../userspace/implementation.js'

/** How a program runs. */
export interface ProgramOptions {
  /** The name of the interface. */
  readonly name: string
  readonly within: Within
  /** What it reads; absent: nothing. */
  readonly input?: string
  /** Milliseconds; 0: no limit. */
  readonly timeout: number
  /** Whether it writes to the output of this process. */
  readonly output: boolean
  readonly signal: CallOptions['signal']
}

/** Keeps the end of what is written, and goes on reading for what stays in the background. */
const KEEP_THE_END = 'exec 2> >(exec tail -c 1000 >&2)'
// Node closes only the low ones of the descriptors that it has inherited itself.
const CLOSE = 'for fd in /proc/self/fd/*; do fd=${fd##*/}; ((fd > 2)) && eval "exec $fd>&-"; done'
const RUN = 'exec "$@"'

/** How long the end of what was written may take to arrive, in milliseconds. */
const ARRIVES_WITHIN = 300

// What is shown of the output of a command that failed.
const MOST_SHOWN = 1000

/**
 * Runs a program with a clean environment, without descriptors, and with a process group of its
 * own, which is killed when its time is up.
 *
 * @throws WireGuardError `ECANCELED` it failed, with the end of what it wrote as the detail;
 * `ETIMEDOUT`, `ABORT_ERR`; `ENOENT` there is no such program
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<void> {
  const { name, within, input, timeout, output, signal } = options
  checkAborted(signal)
  const { spawn } = process.getBuiltinModule('node:child_process')
  const bash = findShell()
  const prelude = [...(output ? [] : [KEEP_THE_END]), CLOSE, RUN].join('; ')
  const child = within(() =>
    spawn(bash ?? program, bash === undefined ? args : ['-c', prelude, bash, program, ...args], {
      cwd: '/',
      env: { PATH: SYSTEM_PATH, WG_INTERFACE: name, LC_ALL: 'C' },
      stdio: [
        input === undefined ? 'ignore' : 'pipe',
        output ? 'inherit' : 'ignore',
        output ? 'inherit' : 'pipe',
      ],
      detached: true,
    }),
  )
  // A program may end before it has read everything.
  child.stdin?.on('error', () => {}).end(input)
  let written = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    written = (written + text).slice(-MOST_SHOWN)
  })
  const arrived = new AbortController()
  if (child.stderr === null) arrived.abort()
  child.stderr?.once('close', () => arrived.abort())
  let isLate = false
  const kill = (): void => killGroup(child.pid)
  const timer = timeout === 0 ? undefined : setTimeout(late, timeout)
  function late(): void {
    isLate = true
    kill()
  }
  const stopListening = onAbort(signal, kill)
  try {
    const end = await endOf(child)
    if (isLate) throw tooLate(timeout)
    checkAborted(signal)
    if (end === 0) return
    await sleep(ARRIVES_WITHIN, arrived.signal)
    throw failed(end, written)
  } finally {
    clearTimeout(timer)
    stopListening()
    child.stderr?.destroy()
  }
}

/** The path of bash; undefined: there is none. */
export function findShell(): string | undefined {
  return findProgram('bash', { PATH: SYSTEM_PATH })
}

function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortError({ operation: 'run command' }, signal.reason)
}

/** Resolves when the command has ended, even if it left others that hold its output. */
function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(
        new WireGuardError('cannot start the program', {
          code: errorCode(cause),
          hint: 'Install it; commands of a file can be left out (hooks: skip)',
          cause,
        }),
      ),
    )
    child.once('exit', (code, killedBy) => resolve(code ?? killedBy ?? 'unknown'))
  })
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

function tooLate(timeout: number): WireGuardError {
  return new WireGuardError(`the command did not end within ${timeout} ms, and was killed`, {
    code: 'ETIMEDOUT',
    hint: 'Give it more time with hookTimeout',
  })
}

function failed(end: number | string, written: string): WireGuardError {
  const how = typeof end === 'number' ? `exit status ${end}` : end
  const shown = escapeUnprintable(written.trim().replaceAll('\n', '; '))
  return new WireGuardError(`the command failed with ${how}`, {
    code: 'ECANCELED',
    detail: shown === '' ? undefined : shown,
  })
}
