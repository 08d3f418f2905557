import { isWireGuardError, WireGuardError } from 'wireguardcfg'
import { SystemCallError } from '../libc.js'
import { type KernelHandle, kernelOf, runningKernel } from '../wireguard/kernel.js'

/**
 * Returns the number of a network namespace (`SO_NETNS_COOKIE`). No other namespace gets it until
 * the machine restarts, while the inode of a namespace that ended is used again. Undefined: the
 * kernel is older than Linux 5.14. Needs no privilege, but to enter another namespace.
 *
 * @param kernel made by `kernelIn`; by default, the network namespace of the thread
 * @throws WireGuardError `EPERM`, `EMFILE`, `EBADF` the namespace is closed; on other systems than
 * Linux `EOPNOTSUPP`
 *
 * @example
 * ```ts
 * using namespace = openNamespace('blue')
 * console.log(namespaceCookie(kernelIn(namespace)))
 * ```
 */
export function namespaceCookie(kernel: KernelHandle = runningKernel): bigint | undefined {
  const operation = 'read namespace'
  try {
    return kernelOf(kernel).cookie()
  } catch (error) {
    if (isWireGuardError(error)) throw error.with({ operation })
    if (!(error instanceof SystemCallError)) throw error
    throw new WireGuardError(error.message, { code: error.code, operation, cause: error })
  }
}
