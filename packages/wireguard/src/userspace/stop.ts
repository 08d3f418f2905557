import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CallOptions, isWireGuardError, WireGuardError } from 'wireguardcfg'
import { callDeadline } from 'wireguardcfg/backend'
import type { Daemon } from './daemon.js'
import { socketId } from './serving.js'
import { daemonAt, hasSocket, removeSocket } from './socket.js'

/**
 * Milliseconds in which a daemon must notice that its socket was removed, and in which a `tun`
 * interface without a socket must get one, or end. wireguard-go notices at once, boringtun checks
 * every second.
 */
export const CHANGES_WITHIN = 2500

/**
 * Ends a daemon that this process started: removes its socket, then kills the daemon if it does not
 * end. Does nothing if the daemon has ended already, and leaves alone a socket that another daemon
 * has bound to the path. After an abort, kills the daemon at once.
 *
 * @throws WireGuardError `ETIMEDOUT` the process cannot be killed
 */
export async function stopDaemon(
  daemon: Daemon,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const isServing = daemon.outcome === undefined && hasSocket(daemon, path)
  if (isServing && signal?.aborted !== true) {
    await removeSocket(path)
    await daemon.endedWithin(CHANGES_WITHIN, signal)
  }
  const hasEnded = await daemon.kill()
  if (hasSocket(daemon, path)) await removeSocket(path)
  if (!hasEnded) {
    throw new WireGuardError(`${daemon.program} (process ${daemon.pid}) cannot be killed`, {
      code: 'ETIMEDOUT',
    })
  }
}

/** The daemon to end by {@link stopListener}. */
export interface Listening {
  readonly name: string
  readonly path: string
  /** Its socket, by `socketId`. */
  readonly socket: string
}

/**
 * Ends the daemon that listens on a socket. Uses {@link stopDaemon} for a daemon that this process
 * started. For any other daemon, removes the socket, and waits until the interface no longer exists
 * and the daemon has closed its connections, as its end does.
 * Does nothing if another socket has the path.
 *
 * @param exists returns whether the interface still exists
 * @throws WireGuardError `ETIMEDOUT` the interface stays
 */
export async function stopListener(
  { name, path, socket }: Listening,
  exists: (options: CallOptions) => Promise<boolean>,
  limits: CallOptions,
): Promise<void> {
  const ours = daemonAt(path)
  if (ours?.socket === socket) return await stopDaemon(ours, path, limits.signal)
  using call = callDeadline({ operation: 'delete device', device: name }, limits)
  if (socketId(path) !== socket) return
  const hasInterface = await call.race(exists(limits))
  const connection = hasInterface ? connectTo(path) : undefined
  try {
    await removeSocket(path)
    await untilGone(
      () => call.race(exists(limits)),
      (wait) => call.race(sleep(wait)),
    )
    // A daemon gives its port up a moment after its interface, and a later device may want it.
    if (connection !== undefined) await call.race(closed(connection, ENDS_WITHIN))
  } finally {
    connection?.destroy()
  }
}

/** Waits until an interface no longer exists. */
async function untilGone(
  exists: () => Promise<boolean>,
  pause: (milliseconds: number) => Promise<void>,
): Promise<void> {
  try {
    for (let wait = 5; await exists(); wait = Math.min(2 * wait, 50)) await pause(wait)
  } catch (error) {
    if (!isWireGuardError(error) || error.code !== 'ETIMEDOUT') throw error
    // gotatun does not look after its socket.
    throw new WireGuardError('the implementation has not ended when its socket was removed', {
      code: 'ETIMEDOUT',
      operation: error.operation,
      device: error.device,
      detail: error.detail,
      hint: 'End its process: it can no longer be reached, and its interface is still there',
      cause: error,
    })
  }
}

/** Milliseconds in which a daemon ends after its interface. Some serve other interfaces as well. */
const ENDS_WITHIN = 1000

/** Connects to a daemon. The connection lasts as long as its process. */
function connectTo(path: string): Socket {
  const socket = process.getBuiltinModule('node:net').connect(path)
  socket.on('error', () => {})
  socket.resume()
  return socket
}

function closed(socket: Socket, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    const timer = setTimeout(resolve, milliseconds)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
