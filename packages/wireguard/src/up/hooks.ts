import type { ChildProcess } from 'node:child_process'
import { type CallOptions, WireGuardError } from 'wireguardcfg'
import { abortError } from 'wireguardcfg/backend'
import { errorCode, escapeUnprintable, onAbort, sleep } from 'wireguardcfg/internal'
import type { Within } from '../userspace/daemon.js'
import { SYSTEM_PATH } from '../userspace/environment.js'
import { findProgram } from '../userspace/implementation.js'
import { hookCommand } from './plan/step.js'

/** How the commands of a file run. */
export interface HookOptions {
  readonly name: string
  readonly within: Within
  /** Milliseconds for each; 0: no limit. */
  readonly timeout: number
  /** Whether they write to the output of this process. */
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
 * Runs a command of a file, as wg-quick(8) does: by bash, in which the first command that fails is
 * the last. It gets a clean environment, no descriptors, and a process group of its own, which is
 * killed when its time is up.
 *
 * @throws WireGuardError `ECANCELED` it failed, with the end of what it wrote as the detail;
 * `ETIMEDOUT`, `ABORT_ERR`; `ENOENT` there is no shell
 */
export async function runHook(script: string, options: HookOptions): Promise<void> {
  const { name, within, timeout, output, signal } = options
  checkAborted(signal)
  const { spawn } = process.getBuiltinModule('node:child_process')
  const bash = findProgram('bash', { PATH: SYSTEM_PATH })
  const command = ['-e', '-c', hookCommand(script, name)]
  const prelude = [...(output ? [] : [KEEP_THE_END]), CLOSE, RUN].join('; ')
  const child = within(() =>
    spawn(
      bash ?? '/bin/sh',
      bash === undefined ? command : ['-c', prelude, bash, bash, ...command],
      {
        cwd: '/',
        env: { PATH: SYSTEM_PATH, WG_INTERFACE: name, LC_ALL: 'C' },
        stdio: ['ignore', output ? 'inherit' : 'ignore', output ? 'inherit' : 'pipe'],
        detached: true,
      },
    ),
  )
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

function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortError({ operation: 'run command' }, signal.reason)
}

/** Resolves when the command has ended, even if it left others that hold its output. */
function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(
        new WireGuardError('cannot start the shell', {
          code: errorCode(cause),
          hint: 'Install bash, or leave the commands out (hooks: skip)',
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
