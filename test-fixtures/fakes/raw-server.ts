import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { temporaryDirectory } from '../directory.js'
import { until } from '../wait.js'

/** One connection as the server's script sees it. */
export interface RawConnection {
  readonly socket: Socket
  /** 0 for the first connection of the server. */
  readonly index: number
  /** The next request, to its blank line; rejects when the connection ends first. */
  readonly request: () => Promise<string>
}

/** A server in a directory of its own. The test controls every byte that it sends. */
export interface RawServer extends AsyncDisposable {
  readonly directory: string
  /** The interface's name: the socket is `wg0.sock`. */
  readonly name: string
  readonly path: string
  /** The requests so far, in their order of arrival. */
  readonly requests: readonly string[]
  /** How many connections were made. */
  readonly accepted: number
  /** Resolves when no connection is open. */
  readonly allClosed: () => Promise<void>
}

/** The behavior of the server for one connection. When it returns, the connection stays open. */
export type Script = (connection: RawConnection) => void | Promise<void>

/** The request by which `UapiClient` tells implementations apart. */
export const PROBE = /^set=1\npublic_key=[0-9a-f]{64}\nupdate_only=true\n\n$/

/**
 * Starts a server that runs the script for each connection. The first request of a client that is
 * about to write (PROBE) is answered as by wireguard-go, unless the script does it itself.
 */
export async function listenRaw(
  script: Script,
  { answersProbe = true }: { readonly answersProbe?: boolean } = {},
): Promise<RawServer> {
  const temporary = await temporaryDirectory()
  const directory = temporary.path
  const path = join(directory, 'wg0.sock')
  const sockets = new Set<Socket>()
  const requests: string[] = []
  let accepted = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    // The client may disconnect at any time.
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    void firstBytes(socket).then((first) => {
      if (answersProbe && PROBE.test(first)) {
        socket.resume().end('errno=0\n\n')
        return
      }
      const request = requestReader(socket, requests)
      // A script ends with its connection.
      Promise.resolve(script({ socket, index: accepted++, request })).catch(() => {})
    })
  })
  await once(server.listen(path), 'listening')
  return {
    directory,
    name: 'wg0',
    path,
    requests,
    get accepted() {
      return accepted
    },
    allClosed: () => until(() => sockets.size === 0, 'every connection is closed'),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
      await temporary[Symbol.asyncDispose]()
    },
  }
}

/** Answers every request with the same text, and closes, as boringtun does. */
export function answering(text: string): Script {
  return async ({ socket, request }) => {
    await request()
    socket.end(text, 'latin1')
  }
}

/** The first bytes that a client sends, which stay to be read; none if it disconnects. */
async function firstBytes(socket: Socket): Promise<string> {
  await Promise.race([once(socket, 'readable'), once(socket, 'close')]).catch(() => {})
  const bytes = socket.read() as Buffer | null
  if (bytes === null) return ''
  socket.unshift(bytes)
  // After a listener for 'readable', one for 'data' no longer makes it flow.
  socket.on('newListener', (event) => {
    if (event === 'data') process.nextTick(() => socket.resume())
  })
  return bytes.toString('latin1')
}

function requestReader(socket: Socket, requests: string[]): () => Promise<string> {
  let text = ''
  return async () => {
    while (!text.includes('\n\n')) {
      const [chunk] = (await Promise.race([
        once(socket, 'data'),
        once(socket, 'close').then(() => {
          throw new Error('the client closed')
        }),
      ])) as [Buffer]
      text += chunk.toString('latin1')
    }
    const end = text.indexOf('\n\n') + 2
    const request = text.slice(0, end)
    text = text.slice(end)
    requests.push(request)
    return request
  }
}
