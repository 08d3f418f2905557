import { setTimeout as sleep } from 'node:timers/promises'
import { type CallOptions, WireGuardError } from 'wireguardcfg'
import { callDeadline } from 'wireguardcfg/backend'
import type { Daemon } from './daemon.js'
import { daemons, removeSocket, removeStaleSocket } from './socket.js'

// Milliseconds in which a daemon must notice that its socket was removed. wireguard-go notices at
// once, boringtun checks every second.
const NOTICES_WITHIN = 2500

/**
 * Ends a daemon that this process started: removes its socket, then kills the daemon if it does not
 * end. Does nothing if the daemon has ended already. After an abort, kills it at once.
 *
 * @throws WireGuardError `ETIMEDOUT` the process cannot be killed
 */
export async function stopDaemon(
  daemon: Daemon,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  if (daemon.outcome === undefined && signal?.aborted !== true) {
    await removeSocket(path)
    await daemon.endedWithin(NOTICES_WITHIN, signal)
  }
  const hasEnded = await daemon.kill()
  // Another daemon may have bound the path since.
  await removeStaleSocket(path)
  if (!hasEnded) {
    throw new WireGuardError(`${daemon.program} (process ${daemon.pid}) cannot be killed`, {
      code: 'ETIMEDOUT',
    })
  }
}

/**
 * Ends the daemon that listens on a socket. Uses {@link stopDaemon} for a daemon that this process
 * started. For any other daemon, removes the socket and waits until the interface no longer exists.
 *
 * @param exists returns whether the interface still exists
 * @throws WireGuardError `ETIMEDOUT` the interface stays
 */
export async function stopListener(
  name: string,
  path: string,
  exists: (options: CallOptions) => Promise<boolean>,
  limits: CallOptions,
): Promise<void> {
  const ours = daemons.get(path)
  if (ours !== undefined) return await stopDaemon(ours, path, limits.signal)
  using call = callDeadline({ operation: 'delete device', device: name }, limits)
  await removeSocket(path)
  for (let wait = 5; await call.race(exists(limits)); wait = Math.min(2 * wait, 50)) {
    await call.race(sleep(wait))
  }
}
