import { setTimeout as sleep } from 'node:timers/promises'
import { type CallOptions, isWireGuardError, type UapiClient, WireGuardError } from 'wireguardcfg'
import { callDeadline, type Deadline } from 'wireguardcfg/backend'
import { HINTS, limitsOf } from 'wireguardcfg/internal'
import { Daemon, type Within } from './daemon.js'
import { findImplementation } from './implementation.js'
import { daemons, removeStaleSocket, starting } from './socket.js'

/** Options of {@link startDaemon}. */
export interface StartOptions extends CallOptions {
  /** The path at which the daemon creates its socket. */
  readonly path: string
  /** The client of the socket. */
  readonly client: UapiClient
  /** Runs a function in the network namespace in which the interface is created. */
  readonly within: Within
}

/**
 * Starts a userspace implementation and waits until it replies on its socket. After a failure,
 * neither the process nor the socket is left.
 *
 * @throws WireGuardError `EEXIST` a daemon already replies on the socket, `ENOENT` or `EACCES` no
 * implementation to start, `ETIMEDOUT` it does not reply, `EPERM` or `EIO` it ended (the detail is
 * its output), `ABORT_ERR`
 */
export async function startDaemon(name: string, options: StartOptions): Promise<Daemon> {
  const { path } = options
  const context = { operation: 'create device', device: name }
  using call = callDeadline(context, options)
  const program = findImplementation()
  // Another call starts a daemon on this path. Its reply would look like that of our daemon.
  if (starting.has(path)) throw taken(path)
  starting.add(path)
  try {
    if (await call.race(answers(options.client, name, options))) throw taken(path)
    return await start(program, name, options, call)
  } finally {
    starting.delete(path)
  }
}

async function start(
  program: string,
  name: string,
  { path, client, within }: StartOptions,
  call: Deadline,
): Promise<Daemon> {
  call.check()
  call.touch()
  const daemon = new Daemon(program, name, within)
  const waiting = new AbortController()
  try {
    const ready = untilAnswering(client, name, waiting.signal)
    await call.race(Promise.race([ready, daemon.end]))
    if (daemon.outcome !== undefined) throw startError(daemon)
    daemons.set(path, daemon)
    void daemon.end.then(() => {
      if (daemons.get(path) === daemon) daemons.delete(path)
    })
    return daemon
  } catch (error) {
    waiting.abort()
    await daemon.kill()
    // The first error is the one to report.
    await removeStaleSocket(path).catch(() => {})
    throw isWireGuardError(error) && error.code === 'ETIMEDOUT' ? hangs(error, daemon, path) : error
  }
}

async function untilAnswering(
  client: UapiClient,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (let wait = 5; ; wait = Math.min(2 * wait, 50)) {
      // The whole call has the limit.
      if (await answers(client, name, { signal, idleTimeout: 0, timeout: 0 })) return
      await sleep(wait, undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

async function answers(client: UapiClient, name: string, options: CallOptions): Promise<boolean> {
  try {
    await client.device(name, limitsOf(options))
    return true
  } catch (error) {
    if (isWireGuardError(error) && error.code === 'ENODEV') return false
    throw error
  }
}

function taken(path: string): WireGuardError {
  return new WireGuardError('a userspace interface of this name exists', {
    code: 'EEXIST',
    detail: path,
    hint: HINTS.socketOfOtherNamespace,
  })
}

/** Reports that the daemon ended before it replied. */
function startError(daemon: Daemon): WireGuardError {
  const { program, outcome, failure } = daemon
  const output = daemon.output()
  const denied = /operation not permitted|permission denied/i.test(output)
  return new WireGuardError(`${program} ${outcome}`, {
    code: failure?.code ?? (denied ? 'EPERM' : 'EIO'),
    detail: output === '' ? undefined : output,
    hint: startHint(denied),
    cause: failure,
  })
}

function startHint(denied: boolean): string | undefined {
  const { existsSync } = process.getBuiltinModule('node:fs')
  if (!existsSync('/dev/net/tun')) {
    return 'Create /dev/net/tun: load the tun module, or pass the device to the container'
  }
  return denied ? 'Run as root, or with CAP_NET_ADMIN and access to /dev/net/tun' : undefined
}

function hangs(cause: WireGuardError, daemon: Daemon, path: string): WireGuardError {
  const output = daemon.output()
  return new WireGuardError(`${daemon.program} did not reply in time on ${path}`, {
    code: 'ETIMEDOUT',
    detail: output === '' ? undefined : output,
    hint: 'Raise idleTimeout if the machine is slow',
    cause,
  })
}
