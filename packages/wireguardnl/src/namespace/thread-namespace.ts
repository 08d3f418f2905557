import { WireGuardError } from 'wireguardcfg'
import * as libc from '../libc.js'

// An import would load the streams of node:fs too: 2 ms.
const { stat, statSync } = process.getBuiltinModule('node:fs')

/** What a ThreadNamespace needs of libc.js: the seam for tests. */
export type NamespaceCalls = Pick<typeof libc, 'open' | 'setns' | 'close'>

// That of the thread: /proc/self is the process, whose main thread may be elsewhere.
const OWN_NAMESPACE = '/proc/thread-self/ns/net'

/**
 * The network namespace that this thread is in. A worker is a thread of its own, and does not move
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
   * What tells the namespace from others, as long as it exists; the empty text where there are
   * none.
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
   * Runs `step` with the thread in the namespace of a descriptor, and comes back whatever happens.
   *
   * @throws WireGuardError `EPERM`; `ENOTRECOVERABLE` when the thread cannot come back: then it
   * throws at every later use, because whatever the process opens from then on is in the wrong
   * place; and what `step` throws
   */
  within<T>(fd: number, step: () => T): T {
    this.check()
    this.#prepare()
    const back = this.#calls.open(OWN_NAMESPACE, libc.O_RDONLY | libc.O_CLOEXEC)
    try {
      this.#enter(fd)
      let result
      try {
        result = step()
      } finally {
        this.#comeBack(back)
      }
      return synchronous(result)
    } finally {
      this.#calls.close(back)
    }
  }

  /** @throws WireGuardError `ENOTRECOVERABLE` when the thread is not where it should be */
  check(): void {
    if (this.#lost !== undefined) throw this.#lost
  }

  /**
   * Node starts the threads of its pool when one is first needed, and a thread starts in the
   * namespace of the one that starts it. If that were inside, name resolution and files would be
   * stuck there for good: so they start now.
   */
  #prepare(): void {
    if (this.#prepared) return
    this.#prepared = true
    stat(OWN_NAMESPACE, () => {})
  }

  #enter(fd: number): void {
    try {
      this.#calls.setns(fd, libc.CLONE_NEWNET)
    } catch (error) {
      if (!(error instanceof libc.SystemCallError)) throw error
      const missing = error.code === 'EPERM'
      const summary = missing ? 'not permitted to enter the network namespace' : error.message
      // What for is the caller's to say.
      throw new WireGuardError(summary, {
        code: error.code,
        hint: missing ? ENTER_HINT : undefined,
        cause: error,
      })
    }
  }

  #comeBack(back: number): void {
    try {
      this.#calls.setns(back, libc.CLONE_NEWNET)
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

/** What to do when a namespace cannot be entered. */
export const ENTER_HINT =
  'Needs CAP_SYS_ADMIN, also in the user namespace that owns the network namespace; run as root, or give the capability to the container or to node'

/** The namespace of this thread: a module is loaded once per thread. */
export const threadNamespace = new ThreadNamespace()

/** The identity of a namespace: device and inode of any file of it. */
export function namespaceId({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  return `${dev}:${ino}`
}

/** Refuses a promise: what comes after its first await is outside. */
function synchronous<T>(result: T): T {
  if (!(result instanceof Promise)) return result
  result.catch(() => {})
  throw new TypeError(
    'expected a synchronous function; code after an await runs outside the namespace',
  )
}
