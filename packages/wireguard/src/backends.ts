import {
  type Backend,
  type BackendKind,
  DEFAULT_SOCKET_DIRECTORY,
  isWireGuardError,
  UapiClient,
  WireGuardError,
} from 'wireguardcfg'
import { checkOptions, Lazy, type OptionTable, quote } from 'wireguardcfg/internal'
import type { NamespaceReference } from 'wireguardnl'
import { loadNetlink } from 'wireguardnl/internal'
import type { Host } from './host.js'
import { type LoadNetlink, Network } from './network.js'
import { NamespacedUserspace } from './userspace/namespaced.js'

/** Options of `WireGuard.open`. */
export interface WireGuardOptions {
  /** The directory of the sockets of userspace implementations; default `/var/run/wireguard`. */
  readonly socketDirectory?: string | undefined
  /**
   * The backends to use, in order of preference: a kind, or an object that implements `Backend`.
   * Default: `['userspace', 'kernel']`, the order of wg(8). `'kernel'` has no effect on systems
   * other than Linux.
   */
  readonly backends?: readonly (BackendKind | Backend)[] | undefined
  /**
   * The network namespace whose interfaces to use: the id of a process in it, a path (with a `/`),
   * or a name of `ip netns`. Default: the namespace of this process. Userspace devices are included
   * if their interface is in the namespace. Needs Linux and CAP_SYS_ADMIN.
   */
  readonly netns?: NamespaceReference | undefined
  /** As `UapiClientOptions.allowSessionLoss`: for boringtun, which cannot change a peer. */
  readonly allowSessionLoss?: boolean | undefined
}

const OPEN_OPTIONS: OptionTable<WireGuardOptions> = {
  socketDirectory: 'text',
  backends: 'list',
  netns: 'checked later',
  allowSessionLoss: 'boolean',
}

/** Opens a backend for the namespace and the socket directory of a `WireGuard`. */
type OpenBackend = (host: Host) => Promise<Backend>

/** The parts of this library that one platform supports. */
interface Platform {
  readonly userspace: OpenBackend
  /** Absent: the kernel has no WireGuard, or this library does not support it. */
  readonly kernel?: OpenBackend
  /** Absent: no support for namespaces, or to create, delete and address interfaces. */
  readonly loadNetlink?: LoadNetlink
}

/**
 * Returns what this platform supports. No other code checks the platform. A further backend is a
 * folder that implements `Backend`, and one case here:
 * `case 'win32': return { userspace, kernel: windowsKernel }`.
 */
function thisPlatform(): Platform {
  switch (process.platform) {
    case 'linux':
      return { userspace, kernel: linuxKernel, loadNetlink }
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

function linuxKernel({ network }: Host): Promise<Backend> {
  return network.client()
}

/** The kinds of backends in the default order of preference. */
const KINDS: readonly BackendKind[] = ['userspace', 'kernel']

/** The backends that a `WireGuard` was opened with, in order of preference. */
export class Backends implements Host {
  readonly network: Network
  readonly socketDirectory: string
  readonly sockets: UapiClient
  readonly loadNetlink: LoadNetlink | undefined
  readonly all: readonly LazyBackend[]
  /** The backends that the caller named by kind, without the caller's own objects. */
  readonly #byKind = new Map<BackendKind, LazyBackend>()

  private constructor(options: WireGuardOptions, network: Network, platform: Platform) {
    this.network = network
    this.socketDirectory = options.socketDirectory ?? DEFAULT_SOCKET_DIRECTORY
    const isOther = network.reference !== undefined
    this.sockets = new UapiClient({
      directory: this.socketDirectory,
      allowSessionLoss: options.allowSessionLoss,
      hasInterface: isOther ? async (name) => (await network.find(name)) !== undefined : undefined,
    })
    this.loadNetlink = platform.loadNetlink
    this.all = Array.from(options.backends ?? KINDS).flatMap(
      (given) => this.#lazy(given, platform) ?? [],
    )
  }

  /**
   * Opens the network namespace. Opens no backend yet.
   *
   * @throws WireGuardError `EINVAL` for an unknown backend, and as {@link Network.open}
   */
  static async open(options: WireGuardOptions): Promise<Backends> {
    checkOptions(options, OPEN_OPTIONS, { operation: 'open' })
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
    throw new WireGuardError(`this WireGuard was opened without the ${kind} backend`, {
      code: 'EOPNOTSUPP',
      hint: `Add '${kind}' to the backends option of WireGuard.open`,
    })
  }

  /**
   * Runs a step on the backend that serves an interface: the first, in order of preference, that
   * knows its name. This is also the rule of wg(8): a socket with a listener comes before the
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
      // The usual case of a kernel interface. It avoids the construction of two errors.
      if (backend.mayHave?.(name) === false) continue
      const outcome = await attempt(backend, step)
      if (!isMiss(outcome)) return outcome.value
      misses[i] = outcome.miss
    }
    // No backend has it. Ask the skipped backends too, for the details of the error.
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

  /** Closes every open backend, and the network namespace. */
  async close(): Promise<void> {
    try {
      await Promise.all([this.sockets.close(), ...this.all.map((backend) => backend.close())])
    } finally {
      await this.network.close()
    }
  }

  /** Returns undefined for a kind that this platform does not support. */
  #lazy(given: BackendKind | Backend, platform: Platform): LazyBackend | undefined {
    if (typeof given === 'object' && given !== null) {
      return new LazyBackend(() => Promise.resolve(given))
    }
    if (!KINDS.includes(given)) throw unknownBackend(given)
    const open = platform[given]
    if (open === undefined) return undefined
    const backend = new LazyBackend(() => open(this))
    this.#byKind.set(given, backend)
    return backend
  }
}

/** A backend that the first call opens. */
class LazyBackend {
  readonly #backend: Lazy<Backend>
  #closed = false

  constructor(open: () => Promise<Backend>) {
    this.#backend = new Lazy(open)
  }

  /** Opens the backend once; every call returns the same one. A failure is not kept. */
  async open(): Promise<Backend> {
    if (this.#closed) throw new WireGuardError('this WireGuard is closed', { code: 'EBADF' })
    return await this.#backend.get()
  }

  async close(): Promise<void> {
    this.#closed = true
    await (await this.#backend.settled())?.close()
  }
}

/** The result of a step, or the `ENODEV` of a backend that does not know the interface. */
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

/** Combines the `ENODEV` errors of all backends into one. */
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
    hint: "Use 'userspace', 'kernel' or a Backend object",
  })
}
