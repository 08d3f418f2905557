import { basename, dirname, resolve } from 'node:path'
import { WireGuardError } from 'wireguardcfg'
import { errorCode } from 'wireguardcfg/internal'
import type { Daemon } from './daemon.js'
import {
  type BoundSocket,
  boundSocketsAround,
  listenersAround,
  processState,
  relativesOf,
  socketsOf,
  tunInterfacesOf,
} from './process-files.js'

// An import would also load the streams of node:fs, which takes 2 ms.
const { lstatSync, statSync } = process.getBuiltinModule('node:fs')

/**
 * Who serves a socket, as seen from a daemon:
 *
 * - `itself`: the daemon, or a process that it started.
 * - `another`: a process that the daemon has nothing to do with.
 * - `ended`: the daemon has ended.
 * - `unknown`: /proc does not tell.
 */
export type Server = 'itself' | 'another' | 'ended' | 'unknown'

/**
 * Returns who serves the socket at a path. A reply does not tell: any process that was faster can
 * give it.
 */
export function serverOf({ pid }: Daemon, path: string): Server {
  if (pid === undefined || processState(pid) === 'ended') return 'ended'
  const own = listensAt(pid, path)
  if (own === true) return 'itself'
  // A script may have started the implementation.
  const others = new Set(relativesOf(pid).map((relative) => listensAt(relative, path)))
  if (others.has(true)) return 'itself'
  if (processState(pid) === 'ended') return 'ended'
  return own === undefined || others.has(undefined) ? 'unknown' : 'another'
}

/**
 * Returns whether a daemon, or a process that it started, has the tun interface of this name;
 * undefined if /proc does not tell.
 */
export function hasTunInterface({ pid }: Daemon, name: string): boolean | undefined {
  if (pid === undefined) return false
  const lists = [pid, ...relativesOf(pid)].map((process) => tunInterfacesOf(process))
  const names = new Set(lists.flat())
  if (names.has(name)) return true
  // Undefined: a list that must not be read, or the name of an interface.
  return names.has(undefined) ? undefined : false
}

/**
 * Returns whether a daemon, or a process that it started, has a socket at a path, even if it does
 * not accept connections yet.
 */
export function hasBound({ pid }: Daemon, path: string): boolean {
  if (pid === undefined) return false
  return [pid, ...relativesOf(pid)].some(
    (process) => hasOneOf(boundSocketsAround(process), process, path) === true,
  )
}

function listensAt(pid: number, path: string): boolean | undefined {
  return hasOneOf(listenersAround(pid), pid, path)
}

/** Returns whether a process has one of these sockets open, and it is the one at the path. */
function hasOneOf(
  bound: readonly BoundSocket[] | undefined,
  pid: number,
  path: string,
): boolean | undefined {
  const sockets = socketsOf(pid)
  if (sockets === undefined || bound === undefined) return undefined
  return bound.some((socket) => sockets.has(socket.inode) && isBoundTo(socket.path, path, pid))
}

/**
 * Returns whether a socket that was bound to `bound` has the name `path`. Some programs bind a
 * socket in a hidden directory, link it to its name, and remove the directory.
 */
function isBoundTo(bound: string, path: string, pid: number): boolean {
  if (!bound.startsWith('/')) return false
  const found = fileId(`/proc/${pid}/root${bound}`) ?? fileId(bound)
  if (found !== undefined) return found === fileId(path)
  const directory = dirname(resolve(path))
  return bound.startsWith(`${directory}/`) && basename(bound) !== basename(path)
}

/**
 * Returns what identifies the file at a path, which a later file of the same name does not share;
 * undefined if there is none. A change of its owner or its mode does not change it.
 *
 * @throws WireGuardError what the system reports
 */
export function socketId(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeNs } = lstatSync(path, { bigint: true })
    return `${dev}:${ino}:${birthtimeNs}`
  } catch (error) {
    const code = errorCode(error)
    if (MISSING.has(code)) return undefined
    throw new WireGuardError(`cannot look at ${path}`, { code, cause: error })
  }
}

function fileId(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}

const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP'])
