import { errorCode } from '../model/errors.js'

/**
 * The state of a socket path:
 *
 * - `live`: something listens there.
 * - `busy`: something listens there and accepts no connection now.
 * - `stale`: a socket or another file on which nothing listens.
 * - `absent`: no file.
 * - `denied`: this user has no permission to connect.
 */
export type SocketState = 'live' | 'busy' | 'stale' | 'absent' | 'denied'

/** A limit on how long a probe may take, such as a deadline. */
export interface ProbeLimit {
  /** Waits for a step. Calls `cancel` when the limit is reached. */
  race<T>(step: Promise<T>, cancel: () => void): Promise<T>
}

/**
 * Connects to a unix socket once and returns its state.
 *
 * @throws the error of the system when it stands for no state, and the error of the limit
 */
export async function probeSocket(path: string, limit?: ProbeLimit): Promise<SocketState> {
  // An import would load node:net with the library, for programs that open no socket too: 2 ms.
  const { createConnection } = process.getBuiltinModule('node:net')
  const socket = createConnection(path)
  const state = new Promise<SocketState>((resolve, reject) => {
    socket.once('connect', () => resolve('live'))
    socket.on('error', (error) => {
      const known = STATES[errorCode(error)]
      if (known === undefined) reject(error)
      else resolve(known)
    })
  })
  try {
    return await (limit === undefined ? state : limit.race(state, () => socket.destroy()))
  } finally {
    socket.destroy()
  }
}

// From connect(2) and unix(7).
const STATES: Readonly<Record<string, SocketState>> = {
  // The backlog is full.
  EAGAIN: 'busy',
  ENOENT: 'absent',
  // Connecting to a regular file gives this as well.
  ECONNREFUSED: 'stale',
  ENOTSOCK: 'stale',
  // A socket of another type.
  EPROTOTYPE: 'stale',
  EACCES: 'denied',
  EPERM: 'denied',
}
