import { type CallOptions, isWireGuardError, WireGuardError } from 'wireguardcfg'
import { Lazy } from 'wireguardcfg/internal'
import type {
  Kernel,
  LinkState,
  Masquerade,
  Namespace,
  NamespaceReference,
  NetlinkClient,
  NetlinkFirewall,
  NetlinkLinks,
  NetlinkRoutes,
  TunnelFirewall,
} from 'wireguardnl'
import type * as Netlink from 'wireguardnl'
import type { Within } from './userspace/daemon.js'

/** Loads wireguardnl, which manages interfaces, addresses and network namespaces by netlink. */
export type LoadNetlink = () => Promise<typeof Netlink>

/**
 * The interfaces of one network namespace, in the kernel and in userspace. The first call that
 * needs a socket opens it.
 */
export class Network {
  /** The namespace as the caller named it; undefined: the namespace of this process. */
  readonly reference: NamespaceReference | undefined
  readonly #namespace: Namespace | undefined
  readonly #load: LoadNetlink | undefined
  readonly #links = new Lazy(() => this.#openLinks())
  readonly #routes = new Lazy(() => this.#openRoutes())
  readonly #firewall = new Lazy(() => this.#openFirewall())
  #closed = false

  private constructor(
    reference: NamespaceReference | undefined,
    namespace: Namespace | undefined,
    load: LoadNetlink | undefined,
  ) {
    this.reference = reference
    this.#namespace = namespace
    this.#load = load
  }

  /**
   * Opens a namespace.
   *
   * @param reference undefined: the namespace of this process, for which nothing is loaded yet
   * @param load undefined on systems without netlink: every call that needs it then fails
   * @throws WireGuardError `ENOENT`, `EINVAL`, `EPERM`; `EOPNOTSUPP` without netlink
   */
  static async open(
    reference: NamespaceReference | undefined,
    load: LoadNetlink | undefined,
  ): Promise<Network> {
    if (reference === undefined) return new Network(undefined, undefined, load)
    const { openNamespace } = await loaded(load, 'open network namespace')
    return new Network(reference, openNamespace(reference), load)
  }

  /** The identity of the namespace while it exists; undefined: the namespace of this process. */
  get id(): string | undefined {
    return this.#namespace?.id
  }

  /** True after `close()`. The reference can be opened again. */
  get closed(): boolean {
    return this.#closed
  }

  /**
   * Returns the client that manages the interfaces of the namespace; always the same object.
   *
   * @throws WireGuardError `EOPNOTSUPP` without netlink, `EBADF` when this is closed
   */
  async links(): Promise<NetlinkLinks> {
    this.#checkOpen()
    return await this.#links.get()
  }

  /** Returns the client of the routes and rules of the namespace, as {@link Network.links}. */
  async routes(): Promise<NetlinkRoutes> {
    this.#checkOpen()
    return await this.#routes.get()
  }

  /** Returns the client of the firewall of the namespace, as {@link Network.links}. */
  async firewall(): Promise<NetlinkFirewall> {
    this.#checkOpen()
    return await this.#firewall.get()
  }

  /** Returns the number of the namespace; undefined before Linux 5.14. */
  async cookie(): Promise<bigint | undefined> {
    const { namespaceCookie } = await this.#netlink()
    return namespaceCookie(await this.kernel())
  }

  /** Returns device and inode of the namespace, which identify it while it exists. */
  async identity(): Promise<string> {
    if (this.#namespace !== undefined) return this.#namespace.id
    const { openNamespace } = await this.#netlink()
    using own = openNamespace('/proc/thread-self/ns/net')
    return own.id
  }

  /** Returns the tables of a tunnel in the words of nft(8). */
  async formatTunnelFirewall(tunnel: TunnelFirewall): Promise<string> {
    return (await this.#netlink()).formatTunnelFirewall(tunnel)
  }

  /** Returns the tables for the clients of a tunnel in the words of nft(8). */
  async formatMasquerade(masquerade: Masquerade): Promise<string> {
    return (await this.#netlink()).formatMasquerade(masquerade)
  }

  /** Takes the lock of an open file, if nobody has it. */
  async tryLockFile(descriptor: number): Promise<boolean> {
    return (await this.#netlink()).tryLockFile(descriptor)
  }

  /** Opens a client of the kernel's WireGuard devices in the namespace. */
  async client(): Promise<NetlinkClient> {
    const { NetlinkClient: Client } = await this.#netlink()
    return new Client(await this.kernel())
  }

  /** Returns the `Kernel` with which clients open netlink sockets; undefined: their default. */
  async kernel(): Promise<Kernel | undefined> {
    this.#checkOpen()
    if (this.#namespace === undefined) return undefined
    const { kernelIn } = await this.#netlink()
    return kernelIn(this.#namespace)
  }

  /** Returns a function that runs a synchronous step, and its child processes, in the namespace. */
  async within(): Promise<Within> {
    const namespace = this.#namespace
    if (namespace === undefined) return (step) => step()
    const { withinNamespace } = await this.#netlink()
    return (step) => withinNamespace(namespace, step)
  }

  /** Returns the interface of this name, or undefined. */
  async find(name: string, options?: CallOptions): Promise<LinkState | undefined> {
    try {
      return await (await this.links()).link(name, options)
    } catch (error) {
      if (isWireGuardError(error) && error.code === 'ENODEV') return undefined
      throw error
    }
  }

  /** Moves an interface from this namespace to another one. */
  async move(name: string, target: Network, options?: CallOptions): Promise<void> {
    await (await this.links()).moveLink(name, target.#namespace ?? process.pid, options)
  }

  /** Closes the sockets and the descriptor of the namespace. The interfaces stay. */
  async close(): Promise<void> {
    this.#closed = true
    try {
      await Promise.all(
        [this.#links, this.#routes, this.#firewall].map(async (client) =>
          (await client.settled())?.close(),
        ),
      )
    } finally {
      this.#namespace?.close()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #openLinks(): Promise<NetlinkLinks> {
    const { NetlinkLinks: Links } = await this.#netlink()
    return new Links(await this.kernel())
  }

  async #openRoutes(): Promise<NetlinkRoutes> {
    const { NetlinkRoutes: Routes } = await this.#netlink()
    return new Routes(await this.kernel())
  }

  async #openFirewall(): Promise<NetlinkFirewall> {
    const { NetlinkFirewall: Firewall } = await this.#netlink()
    return new Firewall(await this.kernel())
  }

  async #netlink(): Promise<typeof Netlink> {
    this.#checkOpen()
    return await loaded(this.#load, 'manage interfaces')
  }

  #checkOpen(): void {
    if (this.#closed) throw new WireGuardError('this WireGuard is closed', { code: 'EBADF' })
  }
}

async function loaded(load: LoadNetlink | undefined, operation: string): Promise<typeof Netlink> {
  if (load !== undefined) return await load()
  throw new WireGuardError('not supported on this platform', {
    code: 'EOPNOTSUPP',
    operation,
    detail: 'Linux only',
  })
}
