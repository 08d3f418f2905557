import { rm } from 'node:fs/promises'
import { WireGuardError } from 'wireguardcfg'
import { errorCode, HINTS } from 'wireguardcfg/internal'
import type { Daemon } from './daemon.js'
import { socketId } from './serving.js'

/** The daemons that this process started, by the path of their socket. */
export const daemons = new Map<string, Daemon>()

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

/** Returns the daemon of this process that has the socket at a path, or undefined. */
export function daemonAt(path: string): Daemon | undefined {
  const daemon = daemons.get(path)
  return daemon !== undefined && hasSocket(daemon, path) ? daemon : undefined
}

/** Returns whether the file at a path is the socket of this daemon, and not a later one. */
export function hasSocket(daemon: Daemon, path: string): boolean {
  return daemon.socket !== undefined && daemon.socket === socketId(path)
}
