import { WireGuardError } from 'wireguardcfg'
import * as libc from '../libc.js'

// An import would also load the streams of node:fs, which takes 2 ms.
const { stat, statSync } = process.getBuiltinModule('node:fs')

/** The functions of libc.js that a ThreadNamespace needs: the seam for tests. */
export type NamespaceCalls = Pick<typeof libc, 'open' | 'setns' | 'close'>

// The namespace of the thread: /proc/self is the process, whose main thread may be in another one.
const OWN_NAMESPACE = '/proc/thread-self/ns/net'

/**
 * The network namespace that this thread is in. A worker is a thread of its own and does not move
 * with the others.
 */
export class ThreadNamespace {
  readonly #calls: NamespaceCalls
  #lost: WireGuardError | undefined
  #prepared = false

  constructor(calls: NamespaceCalls = libc) {
    this.#calls = calls
  }

  /**
   * The identity of the namespace, unique as long as it exists; empty on systems without
   * namespaces.
   */
  get id(): string {
    this.check()
    try {
      return namespaceId(statSync(OWN_NAMESPACE))
    } catch {
      return ''
    }
  }

  /**
   * Calls `step` while the thread is in the namespace of a descriptor, and always returns to its
   * own.
   *
   * @throws WireGuardError `EPERM`; `ENOTRECOVERABLE` when the thread cannot return, then and at
   * every later use, because everything that the process opens from then on is in the wrong
   * namespace; and any error of `step`
   */
  within<T>(fd: number, step: () => T): T {
    this.check()
    this.#prepare()
    const own = this.#openOwn()
    try {
      this.#enter(fd)
      let result
      try {
        result = step()
      } finally {
        this.#return(own)
      }
      return synchronous(result)
    } finally {
      this.#calls.close(own)
    }
  }

  /**
   * Checks that the thread is in its own namespace.
   *
   * @throws WireGuardError `ENOTRECOVERABLE` when the thread could not return to it
   */
  check(): void {
    if (this.#lost !== undefined) throw this.#lost
  }

  /**
   * Starts the threads of Node's pool now. Node starts them at their first use, and a new thread is
   * in the namespace of the thread that starts it. If they started inside, name resolution and file
   * access would stay there for good.
   */
  #prepare(): void {
    if (this.#prepared) return
    this.#prepared = true
    stat(OWN_NAMESPACE, () => {})
  }

  #openOwn(): number {
    try {
      return this.#calls.open(OWN_NAMESPACE, libc.O_RDONLY | libc.O_CLOEXEC)
    } catch (error) {
      if (!(error instanceof libc.SystemCallError)) throw error
      // The caller adds the operation.
      throw new WireGuardError(error.message, {
        code: error.code,
        detail: OWN_NAMESPACE,
        hint: error.code === 'ENOENT' ? 'Needs /proc' : undefined,
        cause: error,
      })
    }
  }

  #enter(fd: number): void {
    try {
      this.#calls.setns(fd, libc.CLONE_NEWNET)
    } catch (error) {
      if (!(error instanceof libc.SystemCallError)) throw error
      const missing = error.code === 'EPERM'
      const summary = missing ? 'not permitted to enter the network namespace' : error.message
      // The caller adds the operation.
      throw new WireGuardError(summary, {
        code: error.code,
        hint: missing ? ENTER_HINT : undefined,
        cause: error,
      })
    }
  }

  #return(own: number): void {
    try {
      this.#calls.setns(own, libc.CLONE_NEWNET)
    } catch (error) {
      this.#lost = new WireGuardError('the thread cannot return to its own network namespace', {
        code: 'ENOTRECOVERABLE',
        hint: 'End the process; everything that it opens from now on is in the wrong namespace',
        cause: error,
      })
      throw this.#lost
    }
  }
}

/** The hint for a namespace that cannot be entered. */
export const ENTER_HINT =
  'Needs CAP_SYS_ADMIN, also in the user namespace that owns the network namespace; run as root, or give the capability to the container or to node'

/** The namespace of this thread. Every thread loads its own copy of the module. */
export const threadNamespace = new ThreadNamespace()

/** Returns the identity of a namespace: device and inode of any file that refers to it. */
export function namespaceId({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  return `${dev}:${ino}`
}

/** Rejects a promise: code after its first await would run outside. */
function synchronous<T>(result: T): T {
  if (!(result instanceof Promise)) return result
  result.catch(() => {})
  throw new TypeError(
    'expected a synchronous function; code after an await runs outside the namespace',
  )
}
