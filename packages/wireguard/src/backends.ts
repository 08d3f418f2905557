import {
  type Backend,
  type BackendKind,
  DEFAULT_SOCKET_DIRECTORY,
  isWireGuardError,
  UapiClient,
  WireGuardError,
} from 'wireguardcfg'
import type { NamespaceReference } from 'wireguardnl'
import type { Host } from './host.js'
import type { Network } from './network.js'
import { NamespacedUserspace } from './userspace/namespaced.js'

/** Options of `WireGuard.open`. */
export interface WireGuardOptions {
  /** Where userspace implementations have their sockets; default `/var/run/wireguard`. */
  readonly socketDirectory?: string | undefined
  /**
   * The ways of reaching WireGuard, in order of preference, or a backend of your own; default
   * `['userspace', 'kernel']`, the order of wg(8). The kernel is left out where there is none to
   * talk to, that is, on any system but Linux.
   */
  readonly backends?: readonly (BackendKind | Backend)[] | undefined
  /**
   * The network namespace whose interfaces these are: the id of a process in it, a path (with a `/`
   * in it), or a name of `ip netns`. Absent: that of this process. A userspace device counts if its
   * interface is in the namespace. Needs CAP_SYS_ADMIN, on Linux.
   */
  readonly netns?: NamespaceReference | undefined
}

/** The ways of reaching WireGuard that a `WireGuard` was opened with. */
export class Sources implements Host {
  readonly network: Network
  readonly socketDirectory: string
  readonly all: readonly Source[]
  readonly sockets: UapiClient
  /** Those that are not the caller's. */
  readonly #own = new Map<BackendKind, Source>()

  /** @throws WireGuardError `EINVAL` for an unknown backend */
  constructor({ socketDirectory, backends = DEFAULTS }: WireGuardOptions, network: Network) {
    this.network = network
    this.socketDirectory = socketDirectory ?? DEFAULT_SOCKET_DIRECTORY
    this.sockets = new UapiClient({ directory: this.socketDirectory })
    this.all = backends
      .filter((backend) => backend !== 'kernel' || process.platform === 'linux')
      .map((backend) => this.#source(backend))
  }

  has(kind: BackendKind): boolean {
    return this.#own.has(kind)
  }

  async backend(kind: BackendKind): Promise<Backend> {
    const source = this.#own.get(kind)
    if (source !== undefined) return await source.open()
    throw new WireGuardError(`opened without the ${kind} backend`, {
      code: 'EOPNOTSUPP',
      hint: `Open it with '${kind}' among its backends`,
    })
  }

  async close(): Promise<void> {
    await Promise.all([this.sockets.close(), ...this.all.map((source) => source.close())])
  }

  #source(backend: BackendKind | Backend): Source {
    if (typeof backend === 'object') return lazySource(backend.kind, () => Promise.resolve(backend))
    const source = lazySource(backend, this.#opener(backend))
    this.#own.set(backend, source)
    return source
  }

  #opener(backend: BackendKind): () => Promise<Backend> {
    switch (backend) {
      case 'userspace':
        return () =>
          Promise.resolve(
            this.network.reference === undefined
              ? this.sockets
              : new NamespacedUserspace(this.sockets, this.network),
          )
      case 'kernel':
        return async () => {
          const { NetlinkClient } = await import('wireguardnl/client')
          return new NetlinkClient(await this.network.kernel())
        }
      default:
        throw new WireGuardError(`unknown backend ${JSON.stringify(backend satisfies never)}`, {
          code: 'EINVAL',
          operation: 'open',
          hint: "Expected 'userspace', 'kernel' or a Backend",
        })
    }
  }
}

const DEFAULTS: readonly BackendKind[] = ['userspace', 'kernel']

/** A way of reaching WireGuard that is opened when it is first needed. */
export interface Source {
  readonly kind: BackendKind
  /** The backend; the same one every time. */
  open(): Promise<Backend>
  /** Closes the backend if it was opened. */
  close(): Promise<void>
}

/** A source that makes its backend at the first use. */
export function lazySource(kind: BackendKind, create: () => Promise<Backend>): Source {
  let opened: Promise<Backend> | undefined
  let closed = false
  return {
    kind,
    open: () => {
      if (closed)
        return Promise.reject(new WireGuardError('WireGuard is closed', { code: 'EBADF' }))
      return (opened ??= create())
    },
    close: async () => {
      closed = true
      await (await opened)?.close()
    },
  }
}

/**
 * Runs a step on the backend that serves an interface: the first, in the order given, that knows
 * its name. wg(8) has the same rule: a socket on which something listens wins, then the kernel.
 *
 * @throws WireGuardError `ENODEV` when no backend knows the name, and what the step throws
 */
export async function onBackendOf<T>(
  sources: readonly Source[],
  name: string,
  operation: string,
  step: (backend: Backend) => Promise<T>,
): Promise<T> {
  const misses: (WireGuardError | undefined)[] = []
  for (const [i, source] of sources.entries()) {
    const backend = await source.open()
    // The usual case of a kernel interface: it saves two errors.
    if (backend.mayHave?.(name) === false) continue
    const outcome = await attempt(backend, step)
    if (!isMiss(outcome)) return outcome.value
    misses[i] = outcome.miss
  }
  // No backend has it. Those that were skipped now say why.
  for (const [i, source] of sources.entries()) {
    if (misses[i] !== undefined) continue
    const outcome = await attempt(await source.open(), step)
    if (!isMiss(outcome)) return outcome.value
    misses[i] = outcome.miss
  }
  throw noSuchInterface(
    misses.filter((miss) => miss !== undefined),
    name,
    operation,
  )
}

type Attempt<T> = { readonly value: T } | { readonly miss: WireGuardError }

function isMiss<T>(outcome: Attempt<T>): outcome is { readonly miss: WireGuardError } {
  return 'miss' in outcome
}

async function attempt<T>(
  backend: Backend,
  step: (backend: Backend) => Promise<T>,
): Promise<Attempt<T>> {
  try {
    return { value: await step(backend) }
  } catch (error) {
    if (isWireGuardError(error) && error.code === 'ENODEV') return { miss: error }
    throw error
  }
}

/** One error for all the places in which the name was not found. */
function noSuchInterface(
  misses: readonly WireGuardError[],
  device: string,
  operation: string,
): WireGuardError {
  const last = misses.at(-1)
  const details = misses.map(({ detail }) => detail).filter((detail) => detail !== undefined)
  return new WireGuardError('no such interface', {
    code: 'ENODEV',
    operation,
    device,
    detail: details.length === 0 ? undefined : details.join('; '),
    hint: last?.hint ?? misses.find(({ hint }) => hint !== undefined)?.hint,
    cause: last,
  })
}
