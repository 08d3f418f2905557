import {
  type WireGuardErrorCode,
  type WireGuardErrorInit,
  HINTS,
  WireGuardError,
} from '../model/errors.js'

/**
 * Returns the error for a reply's `errno`, or `undefined` for 0. wireguard-go sends negative
 * numbers; boringtun, wireguard-rs and gotatun send positive ones. So the sign is ignored. The
 * daemon runs on this system, so its numbers are this system's.
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
      return new WireGuardError(
        'the daemon could not bind the listen port or set the firewall mark',
        {
          ...init,
          hint: HINTS.portInUse,
        },
      )
    case 'EINVAL':
      return new WireGuardError('the daemon refused a line of the request', {
        ...init,
        hint: 'Read the log of the daemon, which names the line; an older implementation may not support the operation',
      })
    default:
      return new WireGuardError('the daemon reported an error', init)
  }
}

// "IpcErrorUnknown" of wireguard-go: the same number on every system, whatever errno it is there.
const IPC_ERROR_UNKNOWN = 55

// Aliases of the names that programs usually check for.
const SECOND_NAMES = new Set(['EWOULDBLOCK', 'ENOTSUP'])

let names: ReadonlyMap<number, string> | undefined

/** Not with the library: most programs never need it. */
function namesByNumber(): ReadonlyMap<number, string> {
  const { errno } = process.getBuiltinModule('node:os').constants
  return new Map(
    Object.entries(errno)
      .filter(([name]) => !SECOND_NAMES.has(name))
      .map(([name, number]) => [number, name]),
  )
}

function codeOf(number: number): WireGuardErrorCode {
  if (number === IPC_ERROR_UNKNOWN) return 'EIO'
  const name = (names ??= namesByNumber()).get(number)
  if (name === 'EACCES') return 'EPERM'
  return name ?? 'EIO'
}
