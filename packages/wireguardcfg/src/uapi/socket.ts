import type { Socket } from 'node:net'
import type { Deadline } from '../backend/deadline.js'
import { begun, type Draft, requestTrace, type TracedUapiRequest } from '../backend/trace.js'
import { nextTurn } from '../backend/turns.js'
import { errorCode, HINTS, WireGuardError } from '../model/errors.js'
import { hideKeys } from '../model/quote.js'
import { GET_REQUEST } from './format.js'
import { replyError } from './reply-error.js'
import { probeSocket, type SocketState } from './probe.js'

/** A consumer of the bytes of a reply, such as `ReplyParser`. */
export interface ReplySink {
  /** Whether the reply is complete. */
  readonly done: boolean
  /** The number of the error in the reply; `undefined` before it was read. */
  readonly errno?: number | undefined
  /** Takes the next bytes. No more is read until the returned promise resolves. */
  push(chunk: Uint8Array): Promise<void> | void
}

const RECEIVE_BUFFER = 65_536

/**
 * Runs one operation on a connection of its own. Some implementations answer only one operation per
 * connection, none accepts two at once, and a connection is unusable after an error. Resolves when
 * the reply is complete or the daemon closed the connection; `reply.done` distinguishes the two.
 * Always closes the connection.
 *
 * @param onSend called before the first byte is sent
 * @throws WireGuardError `ENODEV` when nothing listens, `EPERM`, the error of the connection, of
 * the sink or of the call
 */
export function exchange(
  path: string,
  request: Iterable<string>,
  reply: ReplySink,
  call: Deadline,
  onSend: () => void = () => {},
): Promise<void> {
  if (!requestTrace.isOn) return exchangeOnce(path, request, reply, call, onSend)
  const traced: Draft<TracedUapiRequest> = {
    transport: 'uapi',
    request: Array.isArray(request) && request[0] === GET_REQUEST ? 'get' : 'set',
    path: hideKeys(path),
    sentBytes: 0,
    receivedBytes: 0,
    errno: undefined,
    ...begun(),
  }
  return requestTrace.run(traced, () => exchangeOnce(path, request, reply, call, onSend, traced))
}

async function exchangeOnce(
  path: string,
  request: Iterable<string>,
  reply: ReplySink,
  call: Deadline,
  onSend: () => void,
  traced?: Draft<TracedUapiRequest>,
): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(RECEIVE_BUFFER)
  const socket = await connect(path, buffer, call)
  try {
    call.check()
    onSend()
    await call.race(converse(socket, request, reply, call), () => socket.destroy())
  } catch (error) {
    throw connectionError(error, path)
  } finally {
    if (traced !== undefined) {
      traced.sentBytes = socket.bytesWritten
      traced.receivedBytes = socket.bytesRead
      traced.errno = reply.errno
      traced.code = replyError(reply.errno ?? 0, {})?.code
    }
    socket.destroy()
    // The buffer held keys.
    buffer.fill(0)
  }
}

/**
 * Returns whether something listens at the path. Also returns true when the daemon is too busy to
 * answer, because a hanging daemon must not hold up a listing, and when this user has no permission
 * to connect.
 */
export async function isListening(path: string, call: Deadline): Promise<boolean> {
  try {
    return LISTENING.has(await probeSocket(path, call))
  } catch (error) {
    throw connectionError(error, path)
  }
}

const LISTENING: ReadonlySet<SocketState> = new Set(['live', 'busy', 'denied'])

/** A connected socket that passes its bytes to `receive`. */
interface Connected extends Socket {
  /** Takes the next bytes. Returns false to get no more until `resume` is called. */
  receive?: (chunk: Uint8Array) => boolean
}

async function connect(path: string, buffer: Buffer, call: Deadline): Promise<Connected> {
  for (let wait = 1; ; wait = Math.min(2 * wait, 50)) {
    try {
      return await connectOnce(path, buffer, call)
    } catch (error) {
      // EAGAIN: the backlog of the unix socket is full (connect(2)). The daemon is alive and busy.
      if (errorCode(error) !== 'EAGAIN') throw connectError(error, path)
    }
    let timer: NodeJS.Timeout | undefined
    const pause = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, wait)
    })
    await call.race(pause, () => clearTimeout(timer))
  }
}

function connectOnce(path: string, buffer: Buffer, call: Deadline): Promise<Connected> {
  // An import would load node:net with the library.
  const { createConnection } = process.getBuiltinModule('node:net')
  const socket: Connected = createConnection({
    path,
    onread: {
      buffer,
      callback: (length, bytes) => {
        return socket.receive?.(bytes.subarray(0, length)) ?? true
      },
    },
  })
  // Stays for the whole life of the socket: an error without a listener would end the process.
  socket.on('error', () => {})
  const connected = new Promise<Connected>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
  return call.race(connected, () => socket.destroy())
}

function converse(
  socket: Connected,
  request: Iterable<string>,
  reply: ReplySink,
  call: Deadline,
): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    socket.receive = (chunk) => {
      call.touch()
      let taken: Promise<void> | void
      try {
        taken = reply.push(chunk)
      } catch (error) {
        reject(error)
        socket.destroy()
        return true
      }
      if (reply.done) resolve()
      if (taken === undefined) return true
      taken
        .then(() => {
          call.touch()
          socket.resume()
        })
        .catch(reject)
      return false
    }
    readBeforeWriteError(socket)
    socket.on('error', reject)
    // 'end' comes when the daemon closed, 'close' in any case. The sink reports whether that was
    // too early.
    socket.once('end', resolve)
    socket.once('close', () => resolve())
    send(socket, request, reply, call).catch(reject)
  })
}

/**
 * Lets the socket be read before a write error destroys it. A daemon that refuses a line answers
 * and closes, with the rest of the request unread. A write then fails, and Node would destroy the
 * socket with the unread answer. The answer arrived before the write failed, so one whole turn of
 * the event loop reads it.
 */
function readBeforeWriteError(socket: Socket): void {
  const destroy = socket.destroy.bind(socket)
  socket.destroy = (error) => {
    if (!isWriteError(error)) return destroy(error)
    void nextTurn()
      .then(nextTurn)
      .then(() => destroy(error))
    return socket
  }
}

function isWriteError(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'syscall' in error && error.syscall === 'write'
  )
}

/**
 * Writes piece by piece, as fast as the daemon reads, and stops when it has already answered. Other
 * work of the process runs between the pieces.
 */
async function send(
  socket: Socket,
  request: Iterable<string>,
  reply: ReplySink,
  call: Deadline,
): Promise<void> {
  let first = true
  for (const piece of request) {
    if (!first) await nextTurn()
    first = false
    if (reply.done || socket.destroyed) return
    // A zone may contain any character. In latin1, some would become a newline.
    if (!socket.write(piece, 'utf8')) await drained(socket)
    call.touch()
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}

function connectError(error: unknown, path: string): unknown {
  if (error instanceof WireGuardError) return error
  const code = errorCode(error)
  switch (code) {
    case 'ENOENT':
      return new WireGuardError('no such userspace interface', {
        code: 'ENODEV',
        detail: `no socket ${path}`,
        cause: error,
      })
    // Connecting to a regular file gives this too.
    case 'ECONNREFUSED':
    case 'ENOTSOCK':
    // A socket of another type.
    case 'EPROTOTYPE':
      return new WireGuardError('no such userspace interface', {
        code: 'ENODEV',
        detail: `nothing listens on ${path}`,
        hint: 'The socket is stale: the daemon ended without removing it',
        cause: error,
      })
    case 'EACCES':
    case 'EPERM':
      return new WireGuardError(`no permission to connect to ${path}`, {
        code: 'EPERM',
        hint: HINTS.socketPermission,
        cause: error,
      })
    default:
      return connectionError(error, path)
  }
}

function connectionError(error: unknown, path: string): unknown {
  if (error instanceof WireGuardError) return error
  return new WireGuardError(`the connection to ${path} failed`, {
    code: errorCode(error),
    cause: error,
  })
}
