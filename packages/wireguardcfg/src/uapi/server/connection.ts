import type { Socket } from 'node:net'
import { type Errno, INVALID, IO, OK } from './status.js'
import { BoringtunSet, formatBoringtun } from './boringtun.js'
import { formatDevice, type GetOptions } from './get.js'
import { Input } from './input.js'
import { LineSplitter } from './lines.js'
import type { ReadWriteLock } from './lock.js'
import { SetOperation, type SetOptions } from './set.js'
import type { DeviceState } from './state.js'

/** The implementation as which a server answers. */
export type ServerDialect = 'wireguard-go' | 'boringtun'

/** The state that all connections of one server share. */
export interface Served {
  readonly device: DeviceState
  readonly lock: ReadWriteLock
  readonly options: GetOptions & SetOptions & { readonly dialect: ServerDialect }
}

/**
 * How many bytes a set operation reads at a time. Bytes that are left when the operation ends are
 * lost, as with wireguard-go's buffers (bufio.NewScanner over bufio.NewReader, both of this size).
 * So a client must not send an operation before the reply to the previous one.
 */
const READ_AHEAD = 4096

/**
 * Answers the operations of one client, one after the other, until it closes the connection or
 * sends anything else. Resolves when the connection is closed, and never rejects. The socket must
 * have `allowHalfOpen`.
 */
export async function serveConnection(socket: Socket, served: Served): Promise<void> {
  // A client may disconnect at any moment. 'close' follows and ends every wait.
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const input = new Input(socket)
  try {
    // boringtun answers one operation for each connection.
    while ((await serveOperation(socket, input, served)) && !isBoringtun(served));
    socket.destroySoon()
  } catch {
    socket.destroy()
  }
  await closed
}

/** Answers one operation. Returns false at the end of the input or of the connection. */
async function serveOperation(socket: Socket, input: Input, served: Served): Promise<boolean> {
  switch (await input.readOperation()) {
    case 'set=1': {
      const errno = await served.lock.write(() => setDevice(input, served))
      return sendStatus(socket, isBoringtun(served) ? Math.abs(errno) : errno)
    }
    case 'get=1': {
      const next = await input.read(1)
      if (next === undefined) return false
      // The bytes after the wrong one are read as the next operation.
      if (next[0] !== 10) return sendStatus(socket, INVALID)
      const sent = await served.lock.read(() => sendDevice(socket, served))
      return sent && sendStatus(socket, OK)
    }
    case undefined:
    default:
      return false
  }
}

function isBoringtun({ options }: Served): boolean {
  return options.dialect === 'boringtun'
}

async function setDevice(input: Input, { device, options }: Served): Promise<Errno> {
  const operation =
    options.dialect === 'boringtun' ? new BoringtunSet(device) : new SetOperation(device, options)
  const splitter = new LineSplitter()
  for (let atEnd = false; !atEnd;) {
    const bytes = await input.read(READ_AHEAD)
    atEnd = bytes === undefined
    for (const line of bytes === undefined ? splitter.end() : splitter.push(bytes)) {
      if (line === undefined) return IO
      if (line === '') return operation.end()
      const errno = operation.line(line)
      if (errno !== OK) return errno
    }
  }
  return OK
}

async function sendDevice(socket: Socket, { device, options }: Served): Promise<boolean> {
  const pieces =
    options.dialect === 'boringtun'
      ? formatBoringtun(device, Date.now())
      : formatDevice(device, options)
  for (const piece of pieces) {
    if (!(await send(socket, piece))) return false
  }
  return true
}

function sendStatus(socket: Socket, errno: Errno): Promise<boolean> {
  return send(socket, `errno=${errno}\n\n`)
}

/** Sends text and waits until there is room for more. Returns false if the client disconnected. */
async function send(socket: Socket, text: string): Promise<boolean> {
  if (!socket.writable) return false
  if (!socket.write(text)) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off('drain', done).off('close', done)
        resolve()
      }
      socket.on('drain', done).on('close', done)
    })
  }
  return socket.writable
}
