import { isWireGuardError, WireGuardError } from 'wireguardcfg'
import * as libc from '../libc.js'
import { quote } from 'wireguardcfg/internal'
import { namespaceId, threadNamespace } from './thread-namespace.js'

// An import would also load the streams of node:fs, which takes 2 ms.
const { fstatSync } = process.getBuiltinModule('node:fs')

/**
 * A reference to a network namespace: the id of a process in it, a path (which contains a `/`), or
 * a name that `ip netns` lists.
 */
export type NamespaceReference = number | string

/** A network namespace with an open descriptor. It exists at least until this object is closed. */
export class Namespace implements Disposable {
  /** The reference that it was opened with. */
  readonly reference: NamespaceReference
  /** The identity of the namespace, equal for two handles of one namespace. */
  readonly id: string
  #fd: number

  /** Takes ownership of a descriptor. Use {@link openNamespace}. */
  constructor(reference: NamespaceReference, fd: number) {
    this.reference = reference
    this.#fd = fd
    this.id = namespaceId(fstatSync(fd))
  }

  /**
   * The descriptor, which child processes do not inherit.
   *
   * @throws WireGuardError `EBADF` when it is closed
   */
  get fd(): number {
    if (this.#fd >= 0) return this.#fd
    throw new WireGuardError(`network namespace ${quote(String(this.reference))} was closed`, {
      code: 'EBADF',
    })
  }

  /** Closes the descriptor. Sockets that were opened in the namespace stay in it. */
  close(): void {
    const fd = this.#fd
    this.#fd = -1
    if (fd >= 0) libc.close(fd)
  }

  /** {@link Namespace.close}. */
  [Symbol.dispose](): void {
    this.close()
  }
}

/**
 * Opens a network namespace by the id of a process, by path (`/proc/1/ns/net`, `./ns`), or by name,
 * which is a file in `/run/netns`. Needs no privilege, except for processes of other users.
 * Entering the namespace needs one.
 *
 * @throws WireGuardError `ENOENT` no such namespace or process, `EINVAL` not a network namespace,
 * `EPERM`, `EOPNOTSUPP` on other systems than Linux
 *
 * @example
 * ```ts
 * using namespace = openNamespace('blue')
 * const client = new NetlinkClient(kernelIn(namespace))
 * ```
 */
export function openNamespace(reference: NamespaceReference): Namespace {
  const fd = openFirst(reference, pathsOf(reference))
  try {
    if (libc.namespaceType(fd) !== libc.CLONE_NEWNET) {
      throw fault(reference, 'EINVAL', 'not a network namespace', {
        hint: 'Use a process id, a path such as /proc/PID/ns/net, or a name that ip netns lists',
      })
    }
    return new Namespace(reference, fd)
  } catch (error) {
    libc.close(fd)
    throw error
  }
}

/**
 * Calls a function while this thread is in a network namespace, then returns to its own. Sockets
 * that the function opens and processes that it spawns stay in that namespace. Everything
 * asynchronous, such as name resolution, happens outside. Only the calling thread moves: other
 * workers stay where they are.
 *
 * @throws WireGuardError `EPERM`, `EBADF` the namespace is closed, `ENOTRECOVERABLE` when the
 * thread cannot return to its own namespace, then and at every later use; TypeError when the
 * function returns a promise; and any error of the function
 *
 * @example
 * ```ts
 * const child = withinNamespace(namespace, () => spawn('wireguard-go', ['-f', 'wg0']))
 * ```
 */
export function withinNamespace<T>(namespace: Namespace, step: () => T): T {
  return threadNamespace.within(namespace.fd, step)
}

const OPERATION = 'open network namespace'
const DIRECTORIES = ['/run/netns', '/var/run/netns']

function pathsOf(reference: NamespaceReference): readonly string[] {
  if (typeof reference === 'number') {
    if (Number.isInteger(reference) && reference > 0) return [`/proc/${reference}/ns/net`]
    throw fault(reference, 'EINVAL', 'expected a process id')
  }
  if (typeof reference !== 'string' || ['', '.', '..'].includes(reference)) {
    throw fault(reference, 'EINVAL', 'expected a process id, a path or a name')
  }
  if (reference.includes('/')) return [reference]
  return DIRECTORIES.map((directory) => `${directory}/${reference}`)
}

// The path may be a pipe without a writer, or a terminal.
const FLAGS = libc.O_RDONLY | libc.O_CLOEXEC | libc.O_NONBLOCK | libc.O_NOCTTY

function openFirst(reference: NamespaceReference, paths: readonly string[]): number {
  let first: unknown
  for (const path of paths) {
    try {
      return libc.open(path, FLAGS)
    } catch (error) {
      first ??= error
      if (!(error instanceof libc.SystemCallError) || error.code !== 'ENOENT') break
    }
  }
  throw cannotOpen(reference, first)
}

function cannotOpen(reference: NamespaceReference, error: unknown): unknown {
  // koffi cannot be loaded.
  if (isWireGuardError(error)) return error.with({ operation: OPERATION })
  if (!(error instanceof libc.SystemCallError)) return error
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return fault(
        reference,
        'ENOENT',
        typeof reference === 'number' ? 'no process with this id' : 'no such namespace',
        { cause: error, hint: typeof reference === 'number' ? undefined : NAME_HINT },
      )
    case 'EACCES':
    case 'EPERM':
      return fault(reference, 'EPERM', 'not permitted', {
        cause: error,
        hint: 'Run as root, or with CAP_SYS_PTRACE: needed for a process of another user, and for one with more capabilities',
      })
    case 'ENXIO':
      // A socket, or a device file without its device.
      return fault(reference, 'EINVAL', 'not a network namespace', { cause: error })
    default:
      return fault(reference, error.code, error.message, { cause: error })
  }
}

const NAME_HINT = 'List the names with ip netns list; write a path with a /'

function fault(
  reference: NamespaceReference,
  code: string,
  summary: string,
  more: { readonly hint?: string | undefined; readonly cause?: unknown } = {},
): WireGuardError {
  return new WireGuardError(`${quote(String(reference))}: ${summary}`, {
    ...more,
    code,
    operation: OPERATION,
  })
}
