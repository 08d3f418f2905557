import { constants } from 'node:os'
import {
  type WireGuardErrorCode,
  type WireGuardErrorInit,
  WireGuardError,
} from '../model/errors.js'

/**
 * The error for a reply's `errno`, or `undefined` for 0. wireguard-go sends negative numbers,
 * boringtun, wireguard-rs and gotatun positive ones: the sign says nothing. The daemon runs on this
 * system, so its numbers are this system's.
 */
export function replyError(
  errno: number,
  context: Omit<WireGuardErrorInit, 'code' | 'detail'>,
): WireGuardError | undefined {
  if (errno === 0) return undefined
  const number = Math.abs(errno)
  const init = { ...context, code: codeOf(number), detail: `errno=${errno}` }
  switch (init.code) {
    case 'EADDRINUSE':
      return new WireGuardError('the daemon could not bind the listen port or set the mark', {
        ...init,
        hint: 'Another socket has the port; choose another listenPort, or 0',
      })
    case 'EINVAL':
      return new WireGuardError('the daemon refused a line of the request', {
        ...init,
        hint: 'It may be an older implementation that does not know the operation; its log names the line',
      })
    default:
      return new WireGuardError('the daemon reported an error', init)
  }
}

// "IpcErrorUnknown" of wireguard-go, the same number on every system, whatever that number means
// there.
const IPC_ERROR_UNKNOWN = 55

// Names that share a number with the one that everybody checks for.
const SECOND_NAMES = new Set(['EWOULDBLOCK', 'ENOTSUP'])

const NAMES = new Map(
  Object.entries(constants.errno)
    .filter(([name]) => !SECOND_NAMES.has(name))
    .map(([name, number]) => [number, name]),
)

function codeOf(number: number): WireGuardErrorCode {
  if (number === IPC_ERROR_UNKNOWN) return 'EIO'
  const name = NAMES.get(number)
  if (name === 'EACCES') return 'EPERM'
  return name ?? 'EIO'
}
