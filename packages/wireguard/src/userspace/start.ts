import { setTimeout as sleep } from 'node:timers/promises'
import { type CallOptions, isWireGuardError, type UapiClient, WireGuardError } from 'wireguardcfg'
import { callDeadline } from 'wireguardcfg/backend'
import { HINTS, limitsOf } from 'wireguardcfg/internal'
import { probeSocket } from 'wireguardcfg/internal/socket'
import { Daemon, type Within } from './daemon.js'
import { findImplementation } from './implementation.js'
import { hasBound, serverOf, socketId } from './serving.js'
import { daemons, hasSocket, removeSocket } from './socket.js'
import { spawnError } from './spawn-error.js'

/** Options of {@link startDaemon}. */
export interface StartOptions extends CallOptions {
  /** The path at which the daemon creates its socket. */
  readonly path: string
  /** The client of the socket. */
  readonly client: UapiClient
  /** Runs a function in the network namespace in which the interface is created. */
  readonly within: Within
  /** Returns whether an interface of this name exists there. */
  readonly exists: () => Promise<boolean>
}

/**
 * Starts a userspace implementation and waits until it replies on its socket. The reply must come
 * from the process that was started: another program may create the same interface at the same
 * time. After a failure, neither the process nor its socket is left. The caller holds the
 * `CreationLock` of the path.
 *
 * @throws WireGuardError `EEXIST` another daemon has the socket or the interface, `ENOENT` or
 * `EACCES` no implementation to start, `ETIMEDOUT` it does not reply, `EPERM` or `EIO` it ended
 * (the detail is its output), `ABORT_ERR`
 */
export async function startDaemon(name: string, options: StartOptions): Promise<Daemon> {
  const { path } = options
  const context = { operation: 'create device', device: name }
  using call = callDeadline(context, options)
  const program = findImplementation()
  if (await call.race(answers(options.client, name, options))) throw taken(path)
  call.touch()
  const daemon = await Daemon.start(program, name, options.within)
  const waiting = new AbortController()
  try {
    const serving = untilServing(daemon, name, options, waiting.signal)
    await call.race(Promise.race([serving, daemon.end]))
    if (daemon.outcome !== undefined) throw await startError(daemon, options)
    daemons.set(path, daemon)
    void daemon.end.then(() => {
      if (daemons.get(path) === daemon) daemons.delete(path)
    })
    return daemon
  } catch (error) {
    waiting.abort()
    await discard(daemon, path)
    const isLate = isWireGuardError(error) && error.code === 'ETIMEDOUT'
    throw isLate ? await hangs(error, daemon, path) : error
  }
}

/** Ends a daemon that is not ready. The error of the caller is the one to report. */
async function discard(daemon: Daemon, path: string): Promise<void> {
  // A daemon that goes on could bind its socket after the look at it, and be killed then.
  await daemon.halt()
  const socket = socketId(path)
  if (hasBound(daemon, path)) daemon.socket = socket
  await daemon.kill(0)
  if (hasSocket(daemon, path)) await removeSocket(path).catch(() => {})
}

/** Waits until the daemon serves its socket, or has ended. */
async function untilServing(
  daemon: Daemon,
  name: string,
  { client, path }: StartOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (let wait = 5; ; wait = Math.min(2 * wait, 50)) {
      const socket = socketId(path)
      // Without it, a daemon whose socket appears just now could not be told from others later.
      const isBound = socket !== undefined
      // The whole call has the limit.
      if (isBound && (await answers(client, name, { signal, idleTimeout: 0, timeout: 0 }))) {
        const server = serverOf(daemon, path)
        if (server === 'another') throw taken(path)
        // The reason of its end is known in a moment.
        if (server === 'ended') return await daemon.end
        daemon.socket = socket
        return
      }
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

function taken(path: string, cause?: WireGuardError): WireGuardError {
  return new WireGuardError('a userspace interface of this name exists', {
    code: 'EEXIST',
    detail: path,
    hint: HINTS.socketOfOtherNamespace,
    cause,
  })
}

/** Reports that the daemon ended before it replied. */
async function startError(daemon: Daemon, options: StartOptions): Promise<WireGuardError> {
  const { program, outcome, failure } = daemon
  if (failure !== undefined) return spawnError(program, failure)
  // A process that it started may still have the interface.
  await discard(daemon, options.path)
  const output = await daemon.output()
  const denied = /operation not permitted|permission denied/i.test(output)
  const error = new WireGuardError(`${program} ${outcome}`, {
    code: denied ? 'EPERM' : 'EIO',
    detail: output === '' ? undefined : output,
    hint: startHint(denied),
  })
  return (await isTaken(output, options)) ? taken(options.path, error) : error
}

/**
 * Returns whether another program has the socket or the interface that a daemon wanted. The check
 * before its start found neither.
 */
async function isTaken(output: string, { path, exists }: StartOptions): Promise<boolean> {
  // wireguard-go's texts for a socket and for a tun interface in use.
  if (/unix socket in use|device or resource busy/.test(output)) return true
  const state = await probeSocket(path).catch(() => 'unknown')
  return state === 'live' || state === 'busy' || (await exists())
}

function startHint(denied: boolean): string | undefined {
  const { existsSync } = process.getBuiltinModule('node:fs')
  if (!existsSync('/dev/net/tun')) {
    return 'Create /dev/net/tun: load the tun module, or pass the device to the container'
  }
  return denied ? 'Run as root, or with CAP_NET_ADMIN and access to /dev/net/tun' : undefined
}

async function hangs(cause: WireGuardError, daemon: Daemon, path: string): Promise<WireGuardError> {
  const output = await daemon.output()
  return new WireGuardError(`${daemon.program} did not reply in time on ${path}`, {
    code: 'ETIMEDOUT',
    detail: output === '' ? undefined : output,
    hint: 'Raise idleTimeout if the machine is slow',
    cause,
  })
}
