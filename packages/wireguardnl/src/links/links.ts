import {
  type CallOptions,
  checkInterfaceName,
  checkPortableInterfaceName,
  WireGuardError,
} from 'wireguardcfg'
import { formatInterfaceAddress, parseInterfaceAddress } from '../interface-address.js'
import { type LinkOperation, toLinkError } from './errors.js'
import { explainMissing, findAddress, findKind, findLink } from './lookup.js'
import { Namespace, type NamespaceReference, openNamespace } from '../namespace/namespace.js'
import { Connection } from '../netlink/connection.js'
import { NETLINK_ROUTE } from '../netlink/constants.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { NetlinkError } from '../netlink/errors.js'
import { addAddress, listAddresses, removeAddress } from '../route/address.js'
import { IFF_UP } from '../route/constants.js'
import { createLink, deleteLink, setLink } from '../route/link-requests.js'
import { WG_GENL_NAME } from '../wireguard/constants.js'
import { type Kernel, runningKernel } from '../wireguard/kernel.js'
import { openDumps } from '../wireguard/open-dumps.js'

const DELETE_TIMEOUT = 60_000

/** A network interface, of whatever kind. */
export interface LinkState {
  /** Its name now, also when it was asked for by an alternative one. */
  readonly name: string
  /** Interface index: it stays when the interface is renamed. */
  readonly index: number
  /** 'wireguard'; 'tun' for userspace implementations; undefined: none, as for hardware. */
  readonly kind: string | undefined
  readonly up: boolean
  /** In bytes. */
  readonly mtu: number
}

/** What to give an interface; what is absent stays, or in a new one is down and 1420 bytes. */
export interface LinkProperties {
  readonly up?: boolean | undefined
  /** In bytes. Below 1280, the kernel takes IPv6 off the interface. */
  readonly mtu?: number | undefined
}

/**
 * The network interfaces themselves: made, deleted, brought up, addressed and moved, as `ip link`
 * and `ip address` do. Works on the interfaces of userspace implementations too, except that it
 * makes and deletes those of the kernel only.
 *
 * Everything rejects with a WireGuardError: `ENODEV` no such interface, `EPERM`, `EINVAL`,
 * `ETIMEDOUT`, `ABORT_ERR`, `EBADF` it was closed; elsewhere than on Linux `EOPNOTSUPP`. A call
 * that is given up may have taken effect.
 */
export class NetlinkLinks implements AsyncDisposable {
  readonly #kernel: Kernel
  readonly #route: Connection
  /** Those of single calls, until they are closed. */
  readonly #others = new Map<Connection, Promise<void> | undefined>()
  #closed = false

  /** `kernel`: in which namespace; default: the one that the thread is in. See `kernelIn`. */
  constructor(kernel: Kernel = runningKernel) {
    this.#kernel = kernel
    this.#route = this.#connect()
  }

  /**
   * Makes a WireGuard interface of the kernel: without a key, and down unless it is to be up. Names
   * have letters, digits and `_=+.-`.
   *
   * @throws WireGuardError `EEXIST` an interface of this name exists, of whatever kind;
   * `EPROTONOSUPPORT` no module
   */
  createLink(name: string, properties: LinkProperties = {}, options?: CallOptions): Promise<void> {
    return this.#run('create interface', name, options, async (exchange) => {
      checkPortableInterfaceName(name)
      const { up, mtu } = checkProperties(properties)
      const link = { name, kind: WG_GENL_NAME, up, mtu }
      try {
        await createLink(this.#route, link, exchange)
      } catch (error) {
        if (!(error instanceof NetlinkError) || error.code !== 'EEXIST') throw error
        const detail = await findKind(this.#route, name, exchange)
        throw toLinkError(error, { operation: 'create interface', device: name, detail })
      }
    })
  }

  /**
   * Deletes a WireGuard interface of the kernel. Streams of its peers in this thread end with
   * `ENODEV`; the kernel waits for the dumps of others, and a call that is given up meanwhile goes
   * on in its thread. The kernel shows no progress and may take long for thousands of peers:
   * `idleTimeout` is 60 seconds if it is absent.
   *
   * @throws WireGuardError `EOPNOTSUPP` it is of another kind, and left alone
   */
  deleteLink(name: string, options?: CallOptions): Promise<void> {
    return this.#run('delete interface', name, options, async (exchange) => {
      let done: (() => void) | undefined
      const beforeDelete = async ({ index }: { readonly index: number }) => {
        done = await openDumps.end(this.#kernel.namespace, index)
      }
      const connection = this.#connect()
      try {
        await deleteLink(connection, name, WG_GENL_NAME, {
          ...exchange,
          idleTimeout: exchange.idleTimeout ?? DELETE_TIMEOUT,
          beforeDelete,
        })
      } finally {
        done?.()
        // Not awaited: when the call was given up, that may take for ever.
        void this.#disconnect(connection)
      }
    })
  }

  /** Reads an interface of any kind. Needs no privilege. */
  link(name: string, options?: CallOptions): Promise<LinkState> {
    return this.#run('read interface', name, options, async (exchange) => {
      const { flags, ...link } = await findLink(this.#route, name, exchange)
      return { ...link, up: (flags & IFF_UP) !== 0 }
    })
  }

  /**
   * Brings an interface of any kind up or down, or changes its MTU.
   *
   * @throws WireGuardError `EADDRINUSE` it cannot go up because its listen port is taken; the MTU
   * is changed nevertheless
   */
  setLink(name: string, properties: LinkProperties, options?: CallOptions): Promise<void> {
    return this.#run('change interface', name, options, (exchange) =>
      setLink(this.#route, name, checkProperties(properties), exchange),
    )
  }

  /** The addresses of an interface, as `10.7.0.1/24`, in the kernel's order. Needs no privilege. */
  addresses(name: string, options?: CallOptions): Promise<string[]> {
    return this.#run('list addresses', name, options, async (exchange) => {
      const { index } = await findLink(this.#route, name, exchange)
      const addresses = await listAddresses(this.#route, index, exchange)
      return addresses.map(formatInterfaceAddress)
    })
  }

  /**
   * Adds an address, `10.7.0.1/24` or `fd00::1/64`; without a length it is on its own, `/32` or
   * `/128`. When the interface is up, its prefix becomes reachable through it.
   *
   * @throws WireGuardError `EEXIST` the interface has it; `EACCES` IPv6 is disabled there
   */
  addAddress(name: string, address: string, options?: CallOptions): Promise<void> {
    return this.#run('add address', name, options, async (exchange) => {
      const parsed = parseInterfaceAddress(address)
      const { index } = await findLink(this.#route, name, exchange)
      await addAddress(this.#route, index, parsed, exchange)
    })
  }

  /**
   * Removes an address, which must have this prefix length. The kernel removes the other addresses
   * of the same IPv4 prefix with the one that was added first, unless the sysctl
   * promote_secondaries is on.
   *
   * @throws WireGuardError `EADDRNOTAVAIL` the interface does not have it
   */
  removeAddress(name: string, address: string, options?: CallOptions): Promise<void> {
    return this.#run('remove address', name, options, async (exchange) => {
      const parsed = parseInterfaceAddress(address)
      const { index } = await findLink(this.#route, name, exchange)
      const addresses = await listAddresses(this.#route, index, exchange)
      const found = findAddress(addresses, parsed)
      if (found === undefined) throw explainMissing(addresses, parsed)
      await removeAddress(this.#route, index, found, exchange)
    })
  }

  /**
   * Moves an interface of any kind to another network namespace: the id of a process in it, its
   * path or name, or a handle, which stays open. The interface goes down and loses its addresses; a
   * WireGuard interface keeps its configuration, and its encrypted packets keep to the namespace
   * that it was made in.
   *
   * @throws WireGuardError `EEXIST` there is an interface of this name; as `openNamespace`
   */
  async moveLink(
    name: string,
    target: Namespace | NamespaceReference,
    options?: CallOptions,
  ): Promise<void> {
    const namespace = target instanceof Namespace ? target : openNamespace(target)
    try {
      await this.#run('move interface', name, options, (exchange) =>
        this.#move(name, namespace.fd, exchange),
      )
    } finally {
      if (namespace !== target) namespace.close()
    }
  }

  /** Ends the calls under way and closes every socket. Waits for what the kernel is working on. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#others.keys()].map((connection) => this.#disconnect(connection)))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #move(name: string, namespace: number, exchange: ExchangeOptions): Promise<void> {
    const connection = this.#connect()
    try {
      await setLink(connection, name, { namespace }, exchange)
    } finally {
      // The kernel looks the descriptor up while it works: the number must not be given to another
      // file until then.
      await this.#disconnect(connection)
    }
  }

  #connect(): Connection {
    const connection = new Connection(() => this.#kernel.open(NETLINK_ROUTE))
    this.#others.set(connection, undefined)
    return connection
  }

  #disconnect(connection: Connection): Promise<void> {
    const closing =
      this.#others.get(connection) ??
      connection.close().finally(() => this.#others.delete(connection))
    this.#others.set(connection, closing)
    return closing
  }

  async #run<T>(
    operation: LinkOperation,
    device: string,
    options: CallOptions | undefined,
    step: (exchange: ExchangeOptions) => Promise<T>,
  ): Promise<T> {
    try {
      checkInterfaceName(device)
      if (this.#closed) throw new WireGuardError('this NetlinkLinks is closed', { code: 'EBADF' })
      const { signal, idleTimeout } = options ?? {}
      return await step({ signal, idleTimeout })
    } catch (error) {
      throw toLinkError(error, { operation, device })
    }
  }
}

function checkProperties({ up, mtu }: LinkProperties): LinkProperties {
  if (up !== undefined && typeof up !== 'boolean') throw invalid('up', 'expected true or false')
  if (mtu !== undefined && !(Number.isInteger(mtu) && mtu > 0 && mtu < 2 ** 31)) {
    throw invalid('mtu', 'expected a number of bytes')
  }
  return { up, mtu }
}

function invalid(path: string, summary: string): WireGuardError {
  return new WireGuardError(summary, { code: 'EINVAL', path })
}
