import { lstat, unlink } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { ListenOptions } from 'node:net'
import { errorCode, probeSocket, quote } from 'wireguardcfg/internal'
import { CommandError } from '../context.js'
import { strerror } from '../strerror.js'
import { authority, type ListenAddress } from './address.js'

/** A server that listens. */
export interface Listening {
  readonly server: Server
  /** Where, for people: a URL, or the path of a socket. */
  readonly shown: string
}

/** Milliseconds for the head of a request. */
const REQUEST_TIMEOUT = 10_000
const MOST_HEADER_BYTES = 8192
/** Far more than scrapers; and each costs a descriptor and some kilobytes. */
const MOST_CONNECTIONS = 4096
/** The first descriptor that systemd passes: SD_LISTEN_FDS_START of sd_listen_fds(3). */
const FIRST_DESCRIPTOR = 3

/**
 * Listens on an address. A unix socket can be used by its owner and group, and replaces a stale
 * one.
 *
 * @param onRequest returns what answers at an IP address, or undefined for a unix socket. What it
 * throws ends the server
 * @param env has the descriptors of systemd
 * @throws CommandError
 */
export async function listen(
  at: ListenAddress,
  onRequest: (address: string | undefined) => RequestListener,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Listening[]> {
  if (at.kind === 'tcp') return [await open({ host: at.host, port: at.port }, onRequest)]
  if (at.kind === 'unix') return [await openUnix(at.path, onRequest)]
  const opened: Listening[] = []
  try {
    for (const fd of passedDescriptors(env)) opened.push(await open({ fd }, onRequest))
    return opened
  } catch (error) {
    for (const { server } of opened) server.close()
    throw error
  }
}

/** Returns the descriptors that systemd has passed, as sd_listen_fds(3). */
function passedDescriptors(env: Readonly<Record<string, string | undefined>>): number[] {
  const count = Number(env['LISTEN_FDS'])
  if (env['LISTEN_PID'] !== String(process.pid) || !Number.isInteger(count) || count < 1) {
    throw new CommandError('--listen: systemd has passed no socket')
  }
  return Array.from({ length: count }, (_, i) => FIRST_DESCRIPTOR + i)
}

async function openUnix(
  path: string,
  onRequest: (address: string | undefined) => RequestListener,
): Promise<Listening> {
  const bound = (): Promise<Listening> => {
    // Node binds the socket within the call, so nothing else gets this mask.
    const before = process.umask(0o117)
    try {
      return begin({ path }, onRequest)
    } finally {
      process.umask(before)
    }
  }
  try {
    return await bound()
  } catch (error) {
    if (errorCode(error) !== 'EADDRINUSE' || !(await removeStale(path))) return fail(error, path)
    return await bound().catch((another: unknown) => fail(another, path))
  }
}

/** Removes a socket on which nothing listens. Returns whether it did. */
async function removeStale(path: string): Promise<boolean> {
  const isStale = (await lstat(path)).isSocket() && (await probeSocket(path)) === 'stale'
  if (isStale) await unlink(path)
  return isStale
}

async function open(
  options: ListenOptions & { readonly fd?: number },
  onRequest: (address: string | undefined) => RequestListener,
): Promise<Listening> {
  const { host, port, fd } = options
  try {
    return await begin(options, onRequest)
  } catch (error) {
    return fail(error, fd === undefined ? authority(host!, port!) : `descriptor ${fd}`)
  }
}

function fail(error: unknown, where: string): never {
  if (error instanceof CommandError) throw error
  throw new CommandError(`Unable to listen on ${quote(where)}: ${strerror(error)}`)
}

function begin(
  options: ListenOptions & { readonly fd?: number },
  onRequest: (address: string | undefined) => RequestListener,
): Promise<Listening> {
  const server = createServer({
    maxHeaderSize: MOST_HEADER_BYTES,
    headersTimeout: REQUEST_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    connectionsCheckingInterval: REQUEST_TIMEOUT / 4,
  })
  server.maxConnections = MOST_CONNECTIONS
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => resolve())
  }).then(() => {
    // For example too many open files: the next connection may be accepted again.
    server.removeAllListeners('error').on('error', ignore)
    const bound = server.address()
    const isTCP = typeof bound === 'object' && bound !== null
    try {
      server.on('request', onRequest(isTCP ? bound.address : undefined))
    } catch (error) {
      server.close()
      throw error
    }
    if (isTCP) return { server, shown: `http://${authority(bound.address, bound.port)}/metrics` }
    return { server, shown: `unix:${bound ?? ''}` }
  })
}

function ignore(): void {}
