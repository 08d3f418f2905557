import type { Server } from 'node:net'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { WireGuardError } from 'wireguardcfg'
import type { Deadline } from 'wireguardcfg/backend'
import { errorCode, HINTS } from 'wireguardcfg/internal'
import { listenersAround, processWithSocket } from './process-files.js'

// An import would also load the streams of node:fs, which takes 2 ms.
const { realpathSync, statSync } = process.getBuiltinModule('node:fs')

/**
 * The right to create the interface of one socket, for one call of all threads and processes of the
 * network namespace. It is an abstract unix socket (unix(7)): the kernel gives its name to one
 * process at a time, and takes it back when that process ends, however it ends.
 */
export class CreationLock implements AsyncDisposable {
  readonly #server: Server | undefined

  /** @param server undefined: this system has no abstract sockets, and nothing is locked */
  private constructor(server: Server | undefined) {
    this.#server = server
  }

  /**
   * Takes the lock.
   *
   * @param path of the socket
   * @param wait limits how long it waits for the holder; undefined: it does not wait
   * @throws WireGuardError `EEXIST` another call holds it, `EMFILE` and the like, and the error of
   * `wait`
   */
  static async take(path: string, wait: Deadline | undefined): Promise<CreationLock> {
    const address = lockAddress(path)
    for (let pause = 5; ; pause = Math.min(2 * pause, 50)) {
      try {
        return new CreationLock(await listen(address))
      } catch (error) {
        const code = errorCode(error)
        if (EXHAUSTED.has(code)) throw exhausted(error, code)
        if (code !== 'EADDRINUSE') return new CreationLock(undefined)
      }
      if (wait === undefined) {
        const holder = holderOf(address)
        // Anybody may bind the name. Whoever could not create the interface holds no right to it.
        if (holder !== undefined && !mayCreate(holder)) return new CreationLock(undefined)
        throw beingCreated(holder)
      }
      await wait.race(sleep(pause))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    await new Promise((done) => {
      server.close(done)
    })
  }
}

/** Returns the error of a call that creates what another call is creating. */
function beingCreated(holder: number | undefined): WireGuardError {
  const who =
    holder === process.pid ? 'this process' : holder === undefined ? undefined : `process ${holder}`
  return new WireGuardError('another call is creating an interface of this name', {
    code: 'EEXIST',
    detail: who,
    hint: "Wait for it with ifExists: 'use', or choose another name",
  })
}

const EXHAUSTED: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS'])

function exhausted(cause: unknown, code: string): WireGuardError {
  return new WireGuardError('cannot open a socket', { code, hint: HINTS.exhausted, cause })
}

// sockaddr_un.sun_path, unix(7).
const LENGTH = 108

/**
 * The address has the greatest length: some versions of Node bind the bytes that are given, others
 * fill them up with NULs, and they must exclude one another.
 */
function lockAddress(path: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto')
  const directory = createHash('sha256')
    .update(realDirectory(dirname(resolve(path))))
    .digest('hex')
  const name = basename(path, '.sock')
  return `\0wireguard-create/${name}/${directory}`.padEnd(LENGTH, '=')
}

/** The directory without symbolic links: /var/run is usually one. */
function realDirectory(directory: string): string {
  try {
    return realpathSync(directory)
  } catch {
    const parent = dirname(directory)
    return parent === directory ? directory : join(realDirectory(parent), basename(directory))
  }
}

function listen(address: string): Promise<Server> {
  return new Promise((settle, reject) => {
    const { createServer } = process.getBuiltinModule('node:net')
    const server = createServer((stranger) => stranger.destroy())
    server.once('error', reject)
    server.listen(address, () => {
      server.off('error', reject)
      server.on('error', () => {})
      settle(server)
    })
  })
}

/** The process that holds the lock; undefined if /proc does not tell. */
function holderOf(address: string): number | undefined {
  const shown = `@${address.slice(1)}`
  const lock = listenersAround('self')?.find(({ path }) => path === shown)
  return lock === undefined ? undefined : processWithSocket(lock.inode)
}

function mayCreate(pid: number): boolean {
  try {
    const { uid } = statSync(`/proc/${pid}`)
    return uid === 0 || uid === process.geteuid?.()
  } catch {
    return true
  }
}
