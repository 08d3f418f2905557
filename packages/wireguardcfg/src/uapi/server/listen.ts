import { chmod, link, lstat, mkdir, mkdtemp, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { errorCode, invalid, isWireGuardError, WireGuardError } from '../../model/errors.js'
import { quote } from '../../model/quote.js'
import { probeSocket } from '../probe.js'
import { checkSocketPath } from '../socket-path.js'

/** A listening unix socket under its final name. */
export interface ListeningSocket {
  readonly path: string
  /**
   * Removes the socket, closes every connection, and removes the directories that were created for
   * it if they are empty.
   */
  close(): Promise<void>
}

/** The options of {@link listenUnix}. */
export interface ListenRequest {
  readonly path: string
  /** Permission bits of the socket. */
  readonly mode: number
  /** The interface name, for errors. */
  readonly device: string
  /** Called for each connection; must not throw. */
  readonly onConnection: (socket: Socket) => void
}

/**
 * Listens on a unix socket that has its permissions from the start. Missing directories are created
 * (0755). A stale socket of that name is replaced.
 *
 * @throws WireGuardError `EADDRINUSE` when a process listens on a socket of that name, `EINVAL`
 * when the path is too long or exists and is not a socket, `EPERM` without permission, or another
 * code of the file system
 */
export async function listenUnix(request: ListenRequest): Promise<ListeningSocket> {
  const path = resolve(request.path)
  const { device, mode } = request
  const directory = dirname(path)
  let made: string | undefined
  let temporary: string | undefined
  let server: Server | undefined
  const connections = new Set<Socket>()
  try {
    for (const name of [path, `${directory}/.123456/s`]) checkSocketPath(name)
    made = await makeDirectory(directory)
    await removeStale(path)
    // bind(2) creates the socket with the permissions that the umask allows, and the umask belongs
    // to the whole process. So the socket is bound in a directory that no other user can enter, and
    // gets its name when its mode is right. A link, unlike a rename, never replaces an existing
    // name.
    temporary = await mkdtemp(`${directory}/.`)
    const hidden = join(temporary, 's')
    server = createServer({ allowHalfOpen: true }, (socket) => {
      connections.add(socket)
      socket.once('close', () => connections.delete(socket))
      request.onConnection(socket)
    })
    await listen(server, hidden)
    await chmod(hidden, mode)
    await link(hidden, path).catch((error: unknown) => {
      throw errorCode(error) === 'EEXIST' ? inUse(path) : error
    })
    const { dev, ino } = await lstat(path)
    await rm(temporary, { recursive: true })
    const close = async (): Promise<void> => {
      await unlinkIfSame(path, dev, ino)
      await closeServer(server!, connections)
      await removeMade(directory, made)
    }
    return { path, close }
  } catch (error) {
    if (server !== undefined) await closeServer(server, connections)
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true })
    await removeMade(directory, made)
    throw listenError(error, path).with({ operation: 'listen', device })
  }
}

/**
 * Makes a directory and those above it that are missing. Returns the first one that it made. The
 * `recursive` of Node never ends for a directory below /proc, where mkdir(2) always fails with
 * ENOENT.
 */
async function makeDirectory(directory: string): Promise<string | undefined> {
  const missing: string[] = []
  for (let path = directory; !(await isDirectory(path)); path = dirname(path)) missing.push(path)
  const first = missing.at(-1)
  try {
    for (const path of missing.toReversed()) await mkdir(path, 0o755).catch(ignoreExisting)
  } catch (error) {
    await removeMade(directory, first)
    throw error
  }
  return first
}

async function isDirectory(path: string): Promise<boolean> {
  const stats = await stat(path).catch(ignoreMissing)
  if (stats?.isDirectory() === false) {
    throw new WireGuardError(`${quote(path)} exists and is not a directory`, { code: 'EEXIST' })
  }
  return stats !== undefined
}

async function removeStale(path: string): Promise<void> {
  const stats = await lstat(path).catch(ignoreMissing)
  if (stats === undefined) return
  if (!stats.isSocket()) throw invalid(`${quote(path)} exists and is not a socket`)
  const state = await probeSocket(path)
  if (state !== 'stale' && state !== 'absent') throw inUse(path)
  await unlink(path).catch(ignoreMissing)
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((settle, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      // Ignore accept errors (EMFILE).
      server.on('error', () => {})
      settle()
    })
  })
}

function closeServer(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
  return new Promise((settle) => {
    // It calls back with an error if the server was not listening.
    server.close(() => settle())
    for (const socket of connections) socket.destroy()
  })
}

/** Removes the socket, unless another socket has taken over its name. */
async function unlinkIfSame(path: string, dev: number, ino: number): Promise<void> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats?.dev === dev && stats.ino === ino) await unlink(path).catch(() => {})
}

/** Removes the empty directories from the innermost to the first one that was created. */
async function removeMade(directory: string, made: string | undefined): Promise<void> {
  if (made === undefined) return
  try {
    for (let path = directory; ; path = dirname(path)) {
      await rmdir(path)
      if (path === made) return
    }
  } catch {
    // The directory is not empty.
  }
}

function listenError(error: unknown, path: string): WireGuardError {
  if (isWireGuardError(error)) return error
  const code = errorCode(error)
  const reason = code === 'EACCES' || code === 'EPERM' ? 'permission denied' : 'failed'
  return new WireGuardError(`socket ${quote(path)}: ${reason}`, {
    code: code === 'EACCES' ? 'EPERM' : code,
    cause: error,
  })
}

function inUse(path: string): WireGuardError {
  return new WireGuardError(`socket ${quote(path)} is in use`, { code: 'EADDRINUSE' })
}

function ignoreMissing(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT') throw error
}

function ignoreExisting(error: unknown): void {
  if (errorCode(error) !== 'EEXIST') throw error
}
