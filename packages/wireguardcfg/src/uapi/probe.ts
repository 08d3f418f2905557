import { createConnection } from 'node:net'
import { errorCode } from '../model/errors.js'

/**
 * What a path is: `live` something listens there; `busy` something listens there and accepts
 * nothing now; `stale` a socket or another file on which nothing listens; `absent` nothing;
 * `denied` this user may not ask.
 */
export type SocketState = 'live' | 'busy' | 'stale' | 'absent' | 'denied'

/** What limits how long a probe may take: a deadline, for example. */
export interface ProbeLimit {
  race<T>(step: Promise<T>, cancel: () => void): Promise<T>
}

/**
 * Connects to a unix socket once and returns what is there.
 *
 * @throws the error of the system for any other reason, and that of the limit
 */
export async function probeSocket(path: string, limit?: ProbeLimit): Promise<SocketState> {
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
