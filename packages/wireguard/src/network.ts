import { type CallOptions, isWireGuardError, WireGuardError } from 'wireguardcfg'
import type { Kernel, LinkState, Namespace, NamespaceReference, NetlinkLinks } from 'wireguardnl'
import type * as Netlink from 'wireguardnl'
import type { Within } from './userspace/daemon.js'

/**
 * The interfaces of one network namespace, whoever runs them. Opens what it needs when it is first
 * needed.
 */
export class Network {
  /** Which namespace, as the user said; undefined: that of this process. */
  readonly reference: NamespaceReference | undefined
  readonly #namespace: Namespace | undefined
  #links: Promise<NetlinkLinks> | undefined
  #closed = false

  private constructor(reference: NamespaceReference | undefined, namespace: Namespace | undefined) {
    this.reference = reference
    this.#namespace = namespace
  }

  /**
   * @param reference absent: the namespace of this process; nothing is loaded for it yet
   * @throws WireGuardError `ENOENT`, `EINVAL`, `EPERM`; `EOPNOTSUPP` elsewhere than on Linux
   */
  static async open(reference?: NamespaceReference): Promise<Network> {
    if (reference === undefined) return new Network(undefined, undefined)
    const { openNamespace } = await loadNetlink('open network namespace')
    return new Network(reference, openNamespace(reference))
  }

  /**
   * What tells this namespace from others as long as it exists; undefined: that of this process.
   */
  get id(): string | undefined {
    return this.#namespace?.id
  }

  /** Whether it was closed; its reference can be opened again. */
  get closed(): boolean {
    return this.#closed
  }

  /** @throws WireGuardError `EOPNOTSUPP` elsewhere than on Linux, `EBADF` when this is closed */
  links(): Promise<NetlinkLinks> {
    return (this.#links ??= this.#openLinks())
  }

  /** What clients of the kernel open their sockets by; undefined: the default of these clients. */
  async kernel(): Promise<Kernel | undefined> {
    if (this.#namespace === undefined) return undefined
    const { kernelIn } = await this.#netlink()
    return kernelIn(this.#namespace)
  }

  /** Runs something synchronous in the namespace: what it spawns is there. */
  async within(): Promise<Within> {
    const namespace = this.#namespace
    if (namespace === undefined) return (step) => step()
    const { withinNamespace } = await this.#netlink()
    return (step) => withinNamespace(namespace, step)
  }

  /** The interface of this name; undefined: there is none. */
  async find(name: string, options?: CallOptions): Promise<LinkState | undefined> {
    try {
      return await (await this.links()).link(name, options)
    } catch (error) {
      if (isWireGuardError(error) && error.code === 'ENODEV') return undefined
      throw error
    }
  }

  /** Moves one of its interfaces to another namespace. */
  async move(name: string, target: Network, options?: CallOptions): Promise<void> {
    await (await this.links()).moveLink(name, target.#namespace ?? process.pid, options)
  }

  async close(): Promise<void> {
    this.#closed = true
    try {
      await (await this.#links?.catch(() => undefined))?.close()
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

  async #netlink(): Promise<typeof Netlink> {
    if (this.#closed) throw new WireGuardError('WireGuard is closed', { code: 'EBADF' })
    return await loadNetlink('manage interfaces')
  }
}

async function loadNetlink(operation: string): Promise<typeof Netlink> {
  if (process.platform === 'linux') return await import('wireguardnl')
  throw new WireGuardError('this is done on Linux only', { code: 'EOPNOTSUPP', operation })
}
