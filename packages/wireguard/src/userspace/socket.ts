import { rm } from 'node:fs/promises'
import { WireGuardError } from 'wireguardcfg'
import { errorCode, HINTS } from 'wireguardcfg/internal'
import { probeSocket } from 'wireguardcfg/internal/socket'
import type { Daemon } from './daemon.js'

/** The daemons that this process started, by the path of their socket. */
export const daemons = new Map<string, Daemon>()

/** The socket paths of the daemons that are being started. */
export const starting = new Set<string>()

/**
 * Removes a socket. Its daemon then ends, because all implementations watch their socket. Does
 * nothing if the socket does not exist.
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

/** Removes the socket of a daemon that was killed, unless another daemon listens on it. */
export async function removeStaleSocket(path: string): Promise<void> {
  const isStale = await probeSocket(path).then(
    (state) => state === 'stale',
    () => false,
  )
  if (isStale) await removeSocket(path)
}
