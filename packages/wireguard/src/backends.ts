import {
  type Backend,
  type BackendKind,
  DEFAULT_SOCKET_DIRECTORY,
  isWireGuardError,
  UapiClient,
  WireGuardError,
} from 'wireguardcfg'
import { quote } from 'wireguardcfg/internal'
import type { NamespaceReference } from 'wireguardnl'
import type { Host } from './host.js'
import { type LoadNetlink, Network } from './network.js'
import { NamespacedUserspace } from './userspace/namespaced.js'

/** Options of `WireGuard.open`. */
export interface WireGuardOptions {
  /** Where userspace implementations have their sockets; default `/var/run/wireguard`. */
  readonly socketDirectory?: string | undefined
  /**
   * The backends to use, in order of preference, by kind or as an object of your own; default
   * `['userspace', 'kernel']`, the order of wg(8). `'kernel'` is ignored on any system but Linux.
   */
  readonly backends?: readonly (BackendKind | Backend)[] | undefined
  /**
   * The network namespace whose interfaces to use: the id of a process in it, a path (with a `/` in
   * it), or a name of `ip netns`. Absent: that of this process. A userspace device counts if its
   * interface is in the namespace. Needs CAP_SYS_ADMIN, on Linux.
   */
  readonly netns?: NamespaceReference | undefined
}

/** Opens a backend for the namespace and the socket directory of a `WireGuard`. */
type OpenBackend = (host: Host) => Promise<Backend>

/** What this library supports on one platform. */
interface Platform {
  readonly userspace: OpenBackend
  /** Absent: there is no WireGuard in the kernel, or none that this library reaches. */
  readonly kernel?: OpenBackend
  /** Absent: interfaces cannot be created, deleted or addressed, and there are no namespaces. */
  readonly loadNetlink?: LoadNetlink
}

/**
 * The only place that asks which platform this is. A further backend is a folder that implements
 * `Backend`, and one case here: `case 'win32': return { userspace, kernel: windowsKernel }`.
 */
function thisPlatform(): Platform {
  switch (process.platform) {
    case 'linux':
      return { userspace, kernel: linuxKernel, loadNetlink: () => import('wireguardnl') }
    default:
      return { userspace }
  }
}

function userspace({ sockets, network }: Host): Promise<Backend> {
  const { reference } = network
  return Promise.resolve(
    reference === undefined ? sockets : new NamespacedUserspace(sockets, network),
  )
}

async function linuxKernel({ network }: Host): Promise<Backend> {
  const { NetlinkClient } = await import('wireguardnl/client')
  return new NetlinkClient(await network.kernel())
}

/** In the default order of preference. */
const KINDS: readonly BackendKind[] = ['userspace', 'kernel']

/** The backends that a `WireGuard` was opened with, in order of preference. */
export class Backends implements Host {
  readonly network: Network
  readonly socketDirectory: string
  readonly sockets: UapiClient
  readonly loadNetlink: LoadNetlink | undefined
  readonly all: readonly LazyBackend[]
  /** Those given by kind, not the objects of the caller. */
  readonly #byKind = new Map<BackendKind, LazyBackend>()

  private constructor(options: WireGuardOptions, network: Network, platform: Platform) {
    this.network = network
    this.socketDirectory = options.socketDirectory ?? DEFAULT_SOCKET_DIRECTORY
    this.sockets = new UapiClient({ directory: this.socketDirectory })
    this.loadNetlink = platform.loadNetlink
    this.all = (options.backends ?? KINDS).flatMap((given) => this.#lazy(given, platform) ?? [])
  }

  /**
   * Opens the network namespace, but no backend yet.
   *
   * @throws WireGuardError `EINVAL` for an unknown backend, and as {@link Network.open}
   */
  static async open(options: WireGuardOptions): Promise<Backends> {
    const platform = thisPlatform()
    const network = await Network.open(options.netns, platform.loadNetlink)
    try {
      return new Backends(options, network, platform)
    } catch (error) {
      await network.close()
      throw error
    }
  }

  has(kind: BackendKind): boolean {
    return this.#byKind.has(kind)
  }

  async backend(kind: BackendKind): Promise<Backend> {
    const backend = this.#byKind.get(kind)
    if (backend !== undefined) return await backend.open()
    throw new WireGuardError(`opened without the ${kind} backend`, {
      code: 'EOPNOTSUPP',
      hint: `Open it with '${kind}' among its backends`,
    })
  }

  /**
   * Runs a step on the backend that serves an interface: the first, in order of preference, that
   * knows its name. wg(8) has the same rule: a socket on which something listens wins, then the
   * kernel.
   *
   * @throws WireGuardError `ENODEV` when no backend knows the name, and what the step throws
   */
  async runOn<T>(
    name: string,
    operation: string,
    step: (backend: Backend) => Promise<T>,
  ): Promise<T> {
    const misses: (WireGuardError | undefined)[] = []
    for (const [i, lazy] of this.all.entries()) {
      const backend = await lazy.open()
      // The usual case of a kernel interface: it saves two errors.
      if (backend.mayHave?.(name) === false) continue
      const outcome = await attempt(backend, step)
      if (!isMiss(outcome)) return outcome.value
      misses[i] = outcome.miss
    }
    // No backend has it. Those that were skipped now say why.
    for (const [i, lazy] of this.all.entries()) {
      if (misses[i] !== undefined) continue
      const outcome = await attempt(await lazy.open(), step)
      if (!isMiss(outcome)) return outcome.value
      misses[i] = outcome.miss
    }
    throw noSuchInterface(
      misses.filter((miss) => miss !== undefined),
      name,
      operation,
    )
  }

  /** Closes every backend that was opened, and the network namespace. */
  async close(): Promise<void> {
    try {
      await Promise.all([this.sockets.close(), ...this.all.map((backend) => backend.close())])
    } finally {
      await this.network.close()
    }
  }

  /** Returns undefined for a kind that this platform does not have. */
  #lazy(given: BackendKind | Backend, platform: Platform): LazyBackend | undefined {
    if (typeof given === 'object') return new LazyBackend(() => Promise.resolve(given))
    if (!KINDS.includes(given)) throw unknownBackend(given)
    const open = platform[given]
    if (open === undefined) return undefined
    const backend = new LazyBackend(() => open(this))
    this.#byKind.set(given, backend)
    return backend
  }
}

/** A backend that is opened when it is first needed. */
class LazyBackend {
  readonly #open: () => Promise<Backend>
  #opened: Promise<Backend> | undefined
  #closed = false

  constructor(open: () => Promise<Backend>) {
    this.#open = open
  }

  /** Returns the same backend every time. */
  open(): Promise<Backend> {
    if (this.#closed) {
      return Promise.reject(new WireGuardError('WireGuard is closed', { code: 'EBADF' }))
    }
    return (this.#opened ??= this.#open())
  }

  async close(): Promise<void> {
    this.#closed = true
    await (await this.#opened)?.close()
  }
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

function unknownBackend(given: string): WireGuardError {
  return new WireGuardError(`unknown backend ${quote(given)}`, {
    code: 'EINVAL',
    operation: 'open',
    hint: "Expected 'userspace', 'kernel' or a Backend",
  })
}
