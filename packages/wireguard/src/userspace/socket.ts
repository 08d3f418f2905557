import { rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { WireGuardError } from 'wireguardcfg'
import type { Daemon } from './daemon.js'

/** The daemons that this process started, by the path of their socket. */
export const daemons = new Map<string, Daemon>()

/** The socket paths of the daemons that are being started. */
export const starting = new Set<string>()

/**
 * Returns the path of the socket of an interface. Userspace devices are created on Linux only,
 * where the socket has the name of the interface.
 */
export function socketPathOf(name: string, directory: string): string {
  return join(directory, `${name}.sock`)
}

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
    const code = codeOf(cause)
    const denied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
    throw new WireGuardError(`cannot remove ${path}`, {
      code: denied ? 'EPERM' : code,
      hint: denied ? 'Run as root, or as the user who runs the daemon' : undefined,
      cause,
    })
  }
}

/** Removes the socket of a daemon that was killed, unless another daemon listens on it. */
export async function removeStaleSocket(path: string): Promise<void> {
  if (await isStale(path)) await removeSocket(path)
}

function isStale(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    const done = (stale: boolean): void => {
      socket.destroy()
      resolve(stale)
    }
    socket.once('connect', () => done(false))
    socket.on('error', (error) => done(codeOf(error) === 'ECONNREFUSED'))
  })
}

/** Errors of Node's core may come from another realm, so `instanceof` says nothing. */
function codeOf(error: unknown): string {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'EIO'
}
