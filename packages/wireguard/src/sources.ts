import {
  type Backend,
  type BackendKind,
  DEFAULT_SOCKET_DIRECTORY,
  UapiClient,
  WireGuardError,
} from 'wireguardcfg'
import type { NamespaceReference } from 'wireguardnl'
import type { Home } from './home.js'
import type { Network } from './network.js'
import { lazySource, type Source } from './select.js'
import { NamespacedUserspace } from './userspace/namespaced.js'

/** Options of `WireGuard.open`. */
export interface WireGuardOptions {
  /** Where userspace implementations have their sockets; default `/var/run/wireguard`. */
  readonly socketDirectory?: string | undefined
  /**
   * The ways of reaching WireGuard, in order of preference, or a backend of your own; default `['userspace', 'kernel']`, the order of
   * wg(8). The kernel is left out where there is none to talk to, that is, on any system but Linux.
   */
  readonly backends?: readonly (BackendKind | Backend)[] | undefined
  /**
   * The network namespace whose interfaces these are: the id of a process in it, a path (with a `/` in it), or a name of `ip netns`.
   * Absent: that of this process. A userspace device counts if its interface is in the namespace. Needs CAP_SYS_ADMIN, on Linux.
   */
  readonly netns?: NamespaceReference | undefined
}

/** The ways of reaching WireGuard that a `WireGuard` was opened with. */
export class Sources implements Home {
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
