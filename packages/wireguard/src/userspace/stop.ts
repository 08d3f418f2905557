import { setTimeout as sleep } from 'node:timers/promises'
import { type CallOptions, WireGuardError } from 'wireguardcfg'
import { callDeadline } from 'wireguardcfg/backend'
import type { Daemon } from './daemon.js'
import { daemons, removeSocket, removeStaleSocket } from './socket.js'

// How long a daemon of ours may take to notice that its socket is gone: wireguard-go does at once,
// boringtun looks every second.
const NOTICES_WITHIN = 2500

/**
 * Ends a daemon that this process started: removes its socket, and kills it if it goes on. A daemon
 * that ended already is fine. An abort makes it no softer and no slower: the daemon is killed at
 * once.
 *
 * @throws WireGuardError `ETIMEDOUT` the kernel does not let it go
 */
export async function stopDaemon(
  daemon: Daemon,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  if (daemon.outcome === undefined && signal?.aborted !== true) {
    await removeSocket(path)
    await daemon.goneWithin(NOTICES_WITHIN, signal)
  }
  const gone = await daemon.kill()
  // By now the path may be another daemon's.
  await removeStaleSocket(path)
  if (!gone) {
    throw new WireGuardError(`${daemon.program} (process ${daemon.pid}) cannot be killed`, {
      code: 'ETIMEDOUT',
    })
  }
}

/**
 * Ends whatever daemon listens on a socket: one of this process as above, any other by removing the
 * socket and waiting until the interface is gone.
 *
 * @param exists whether the interface is still there
 * @throws WireGuardError `ETIMEDOUT` the interface stays
 */
export async function stopListener(
  name: string,
  path: string,
  exists: (options: CallOptions) => Promise<boolean>,
  { signal, idleTimeout }: CallOptions,
): Promise<void> {
  const ours = daemons.get(path)
  if (ours !== undefined) return await stopDaemon(ours, path, signal)
  using call = callDeadline({ operation: 'delete device', device: name }, { signal, idleTimeout })
  await removeSocket(path)
  const limits = { signal, idleTimeout }
  for (let wait = 5; await call.race(exists(limits)); wait = Math.min(2 * wait, 50)) {
    await call.race(sleep(wait))
  }
}
