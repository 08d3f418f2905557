import { join } from 'node:path'
import { errorCode, HINTS, invalid, WireGuardError } from '../model/errors.js'
import { isInterfaceName } from '../model/interface-name.js'
import { quote } from '../model/quote.js'

// An import would also load the streams of node:fs, which takes 2 ms.
const { readFileSync, statSync } = process.getBuiltinModule('node:fs')

/** The directory in which wireguard-go and similar programs put their sockets, and wg(8) looks. */
export const DEFAULT_SOCKET_DIRECTORY = '/var/run/wireguard'

/** The end of the file name of a socket. */
export const SOCKET_SUFFIX = '.sock'

// sockaddr_un.sun_path with its NUL: 108 bytes on Linux, 104 on the BSDs and macOS (unix(7),
// unix(4)).
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103

/**
 * Returns the path of the socket of an interface. On Windows it is a named pipe.
 *
 * @throws WireGuardError `EINVAL` when the path is too long for a socket address
 */
export function socketPath(
  name: string,
  directory: string,
  platform: NodeJS.Platform = process.platform,
): string {
  if (platform === 'win32')
    return `\\\\.\\pipe\\ProtectedPrefix\\Administrators\\WireGuard\\${name}`
  return checkSocketPath(join(directory, name + SOCKET_SUFFIX))
}

/**
 * Returns the path if a socket address can hold it. The system would cut a longer one.
 *
 * @throws WireGuardError `EINVAL` when the path is too long for a socket address
 */
export function checkSocketPath(path: string): string {
  const length = Buffer.byteLength(path)
  if (length <= LONGEST_PATH) return path
  throw invalid(
    `socket path ${quote(path)}: expected at most ${LONGEST_PATH} bytes, got ${length}`,
    {
      hint: 'Use a shorter directory',
    },
  )
}

/**
 * Finds the socket of an interface. Returns its path, or `undefined` when there is none. On macOS,
 * where interfaces can only be called utunN, wg-quick(8) writes the real name into `NAME.name`. The
 * lookup is synchronous, because that costs least and the facade looks here first for every
 * interface of the kernel.
 *
 * @throws WireGuardError `EPERM` without permission to search the directory
 */
export function findSocket(
  name: string,
  directory: string,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const path = socketPath(name, directory, platform)
  if (platform === 'win32') return path
  try {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat !== undefined) return stat.isSocket() ? path : undefined
    // On Linux an interface can have any name, so there are no logical names.
    const real = platform === 'linux' ? undefined : realName(name, directory)
    return real === undefined ? undefined : socketPath(real, directory, platform)
  } catch (error) {
    // No directory, which Node 22 and later report as no entry, or a loop of symbolic links.
    if (['ENOTDIR', 'ELOOP'].includes(errorCode(error))) return undefined
    throw fileError(error, directory)
  }
}

/** Returns the error for a failed file operation in the socket directory. */
export function fileError(cause: unknown, directory: string): WireGuardError {
  const code = errorCode(cause)
  if (code === 'EACCES' || code === 'EPERM') {
    return new WireGuardError(`no permission to read ${directory}`, {
      code: 'EPERM',
      hint: HINTS.socketPermission,
      cause,
    })
  }
  return new WireGuardError(`cannot read ${directory}`, { code, cause })
}

/**
 * Returns the interface name that a logical name stands for. Like wg-quick(8) on macOS and OpenBSD,
 * trusts the file only if its age differs from that of the socket by less than 2 s.
 */
function realName(name: string, directory: string): string | undefined {
  const file = join(directory, `${name}.name`)
  const written = statSync(file, { throwIfNoEntry: false })
  if (written === undefined || !written.isFile()) return undefined
  const real = readFileSync(file, 'latin1').trim()
  if (!isInterfaceName(real)) return undefined
  const socket = statSync(join(directory, real + SOCKET_SUFFIX), { throwIfNoEntry: false })
  if (socket === undefined || !socket.isSocket()) return undefined
  return Math.abs(socket.mtimeMs - written.mtimeMs) < 2000 ? real : undefined
}
