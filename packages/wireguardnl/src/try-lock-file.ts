import { isWireGuardError, WireGuardError } from 'wireguardcfg'
import { SystemCallError, tryLock } from './libc.js'

/**
 * Takes the exclusive lock of an open file (flock(2)), without waiting. Returns false if somebody
 * else has it, also this process through another descriptor. The lock ends when the descriptor is
 * closed, and so with its process, however that ends.
 *
 * @param descriptor as `fs.openSync` returns it
 * @throws WireGuardError `EBADF` it is not open; `ENOLCK`, `EINTR`; on other systems than Linux
 * `EOPNOTSUPP`
 *
 * @example
 * ```ts
 * const descriptor = openSync('/run/panel.lock', 'w', 0o600)
 * if (!tryLockFile(descriptor)) console.error('the panel runs already')
 * ```
 */
export function tryLockFile(descriptor: number): boolean {
  const operation = 'lock file'
  try {
    return tryLock(descriptor)
  } catch (error) {
    if (isWireGuardError(error)) throw error.with({ operation })
    if (!(error instanceof SystemCallError)) throw error
    throw new WireGuardError(error.message, { code: error.code, operation, cause: error })
  }
}
