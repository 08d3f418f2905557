import { rm } from 'node:fs/promises'
import { WireGuardError } from 'wireguardcfg'
import { errorCode, HINTS } from 'wireguardcfg/internal'
import { probeSocket } from 'wireguardcfg/internal/socket'
import type { Daemon } from './daemon.js'

/** The daemons that this process started, by the path of their socket. */
export const daemons = new Map<string, Daemon>()

/** The paths of the sockets of those that are being started. */
export const starting = new Set<string>()

/**
 * Removes a socket, which ends the daemon behind it: all implementations watch theirs. None is
 * fine.
 *
 * @throws WireGuardError `EPERM`, or what the system reports
 */
export async function removeSocket(path: string): Promise<void> {
  try {
    await rm(path, { force: true })
  } catch (cause) {
    const code = errorCode(cause)
    const denied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
    throw new WireGuardError(`cannot remove ${path}`, {
      code: denied ? 'EPERM' : code,
      hint: denied ? HINTS.socketPermission : undefined,
      cause,
    })
  }
}

/**
 * Removes what a daemon that was killed left behind, and no socket on which another one listens.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const isStale = await probeSocket(path).then(
    (state) => state === 'stale',
    () => false,
  )
  if (isStale) await removeSocket(path)
}
