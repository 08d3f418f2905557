import {
  type CallOptions,
  checkInterfaceName,
  checkPortableInterfaceName,
  WireGuardError,
} from 'wireguardcfg'
import { abortError } from 'wireguardcfg/backend'
import {
  checkNumber,
  checkOptions,
  formatInterfaceAddress,
  type NumberRange,
  onAbort,
  type OptionTable,
  parseInterfaceAddress,
  traceMethods,
} from 'wireguardcfg/internal'
import { type LinkOperation, toLinkError } from './errors.js'
import { type LinkState, stateOf } from './link-state.js'
import { runCall } from './run.js'
import { explainMissing, findAddress, findKind, findLink } from './lookup.js'
import { type LinkEvent, watchLinks, type WatchLinksOptions } from './watch.js'
import { Namespace, type NamespaceReference, openNamespace } from '../namespace/namespace.js'
import { Connection } from '../netlink/connection.js'
import { NETLINK_ROUTE } from '../netlink/constants.js'
import {
  type ExchangeDeadline,
  exchangeDeadline,
  type ExchangeOptions,
} from '../netlink/deadline.js'
import { NetlinkError } from '../netlink/errors.js'
import { writerGate } from '../netlink/writer-gate.js'
import { addAddress, listAddresses, removeAddress } from '../route/address.js'
import { RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_LINK } from '../route/constants.js'
import { createLink, deleteLink, setLink } from '../route/link-requests.js'
import { routeRequestName } from '../route/request-name.js'
import { WG_GENL_NAME } from '../wireguard/constants.js'
import { type Kernel, type KernelHandle, kernelOf, runningKernel } from '../wireguard/kernel.js'
import { openDumps } from '../wireguard/open-dumps.js'

const DELETE_TIMEOUT = 60_000

/**
 * The properties of an interface to set. Absent properties stay as they are. A new interface is
 * down and has an MTU of 1420 bytes.
 */
export interface LinkProperties {
  /** Whether it is to be up. */
  readonly up?: boolean | undefined
  /** In bytes. Below 1280, the kernel disables IPv6 on the interface. */
  readonly mtu?: number | undefined
}

/**
 * Creates, deletes, configures and moves network interfaces, as `ip link` and `ip address` do. Also
 * works on the interfaces of userspace implementations, except that it creates and deletes only
 * those of the kernel.
 *
 * All methods reject with a WireGuardError: `ENODEV` no such interface, `EPERM`, `EINVAL`,
 * `ETIMEDOUT`, `ABORT_ERR`, `EBADF` this object is closed; on other systems than Linux
 * `EOPNOTSUPP`. A call that is aborted or times out may have taken effect.
 *
 * @example
 * ```ts
 * await using links = new NetlinkLinks()
 * await links.createLink('wg0', { up: true })
 * await links.addAddress('wg0', '10.7.0.1/24')
 * ```
 */
export class NetlinkLinks implements AsyncDisposable {
  readonly #kernel: Kernel
  readonly #route: Connection
  /** The connections of single calls, until they are closed. */
  readonly #others = new Map<Connection, Promise<void> | undefined>()
  /** The deadlines of the deletions that wait or run. */
  readonly #deletions = new Set<ExchangeDeadline>()
  readonly #watches = new Set<AbortController>()
  #closed = false

  static {
    traceMethods(this, 'NetlinkLinks')
  }

  /** @param kernel made by `kernelIn`; by default, the network namespace of the thread */
  constructor(kernel: KernelHandle = runningKernel) {
    this.#kernel = kernelOf(kernel)
    this.#route = this.#connect()
  }

  /**
   * Creates a WireGuard interface of the kernel. It has no key, and is down unless `up` is true.
   * Names may have letters, digits and `_=+.-`.
   *
   * @throws WireGuardError `EEXIST` an interface of this name exists, of whatever kind;
   * `EPROTONOSUPPORT` the kernel has no WireGuard module
   *
   * @example
   * ```ts
   * await links.createLink('wg0', { up: true, mtu: 1420 })
   * ```
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
   * `ENODEV`. The kernel waits for the dumps of other threads and processes. A call that is aborted
   * or times out during this wait continues in its thread. The kernel shows no progress and may
   * need long for thousands of peers: `idleTimeout` is 60 seconds if it is absent.
   *
   * @throws WireGuardError `EOPNOTSUPP` the interface is of another kind; it is not changed
   *
   * @example
   * ```ts
   * await links.deleteLink('wg0')
   * ```
   */
  deleteLink(name: string, options?: CallOptions): Promise<void> {
    return this.#run('delete interface', name, options, async ({ signal, idleTimeout }) => {
      using deadline = exchangeDeadline({
        signal,
        idleTimeout: idleTimeout ?? DELETE_TIMEOUT,
        operation: `delete link ${JSON.stringify(name)}`,
      })
      this.#deletions.add(deadline)
      try {
        await this.#delete(name, deadline)
      } finally {
        this.#deletions.delete(deadline)
      }
    })
  }

  /**
   * Reads an interface of any kind. Needs no privilege.
   *
   * @example
   * ```ts
   * const { up, mtu } = await links.link('wg0')
   * ```
   */
  link(name: string, options?: CallOptions): Promise<LinkState> {
    return this.#run('read interface', name, options, async (exchange) => {
      return stateOf(await findLink(this.#route, name, exchange))
    })
  }

  /**
   * Brings an interface of any kind up or down, or changes its MTU.
   *
   * @throws WireGuardError `EADDRINUSE` the interface cannot go up because its listen port is in
   * use; the MTU is changed nevertheless
   *
   * @example
   * ```ts
   * await links.setLink('wg0', { up: true })
   * ```
   */
  setLink(name: string, properties: LinkProperties, options?: CallOptions): Promise<void> {
    return this.#run('change interface', name, options, (exchange) =>
      setLink(this.#route, name, checkProperties(properties), exchange),
    )
  }

  /**
   * Lists the addresses of an interface in the form `10.7.0.1/24`, in the kernel's order. Needs no
   * privilege.
   *
   * @example
   * ```ts
   * await links.addresses('wg0') // ['10.7.0.1/24', 'fd00::1/64']
   * ```
   */
  addresses(name: string, options?: CallOptions): Promise<string[]> {
    return this.#run('list addresses', name, options, async (exchange) => {
      const { index } = await findLink(this.#route, name, exchange)
      const addresses = await listAddresses(this.#route, index, exchange)
      return addresses.map(formatInterfaceAddress)
    })
  }

  /**
   * Adds an address, `10.7.0.1/24` or `fd00::1/64`. Without a prefix length it is a single address,
   * `/32` or `/128`. While the interface is up, the prefix of the address is reachable through it.
   *
   * @throws WireGuardError `EEXIST` the interface already has it; `EACCES` IPv6 is disabled on the
   * interface
   *
   * @example
   * ```ts
   * await links.addAddress('wg0', '10.7.0.1/24')
   * ```
   */
  addAddress(name: string, address: string, options?: CallOptions): Promise<void> {
    return this.#run('add address', name, options, async (exchange) => {
      const parsed = parseInterfaceAddress(address)
      const { index } = await findLink(this.#route, name, exchange)
      await addAddress(this.#route, index, parsed, exchange)
    })
  }

  /**
   * Removes an address. The prefix length must match. If it is the address of an IPv4 prefix that
   * was added first, the kernel also removes the other addresses of that prefix, unless the sysctl
   * promote_secondaries is on.
   *
   * @throws WireGuardError `EADDRNOTAVAIL` the interface does not have it
   *
   * @example
   * ```ts
   * await links.removeAddress('wg0', '10.7.0.1/24')
   * ```
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
   * Moves an interface of any kind to another network namespace. `target` is the id of a process in
   * it, its path or name, or a handle, which stays open. The interface goes down and loses its
   * addresses. A WireGuard interface keeps its configuration, and its encrypted packets stay in the
   * namespace in which it was created.
   *
   * @throws WireGuardError `EEXIST` an interface of this name exists there; the errors of
   * `openNamespace`
   *
   * @example
   * ```ts
   * await links.moveLink('wg0', 'blue') // a name of ip netns
   * ```
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

  /**
   * Yields the interfaces of the namespace with their addresses, and then each of their changes, in
   * the order of the kernel. Needs no privilege. When the consumer is so slow that the kernel drops
   * messages, a `resync` says so, and the differences follow. The watch ends when its consumer
   * leaves the loop, and without an error when this object is closed.
   *
   * @throws WireGuardError `ABORT_ERR`; `EINVAL` for options without a valid value
   *
   * @example
   * ```ts
   * for await (const event of links.watch()) {
   *   if (event.type === 'link-added') console.log(event.link.name)
   * }
   * ```
   */
  async *watch(options: WatchLinksOptions = {}): AsyncGenerator<LinkEvent, void, undefined> {
    const ended = new AbortController()
    let stopListening = ignore
    try {
      checkOptions(options, WATCH_OPTIONS)
      if (this.#closed) throw new WireGuardError('this NetlinkLinks is closed', { code: 'EBADF' })
      const { signal, interval = 100 } = options
      checkNumber('interval', interval, INTERVAL)
      stopListening = onAbort(signal, () => ended.abort())
      if (signal?.aborted === true) ended.abort()
      this.#watches.add(ended)
      const open = () => this.#kernel.open(NETLINK_ROUTE, GROUPS)
      const exchange = { signal: ended.signal }
      yield* watchLinks({ open, connection: this.#route, exchange, signal: ended.signal, interval })
      if (signal?.aborted === true) throw abortError({ operation: OF_WATCH }, signal.reason)
    } catch (error) {
      if (ended.signal.aborted && options.signal?.aborted !== true) return
      throw toLinkError(error, { operation: OF_WATCH, device: undefined })
    } finally {
      stopListening()
      this.#watches.delete(ended)
    }
  }

  /**
   * Ends the calls in progress and closes all sockets. Waits until the kernel has finished its work
   * on them.
   */
  async close(): Promise<void> {
    this.#closed = true
    for (const deadline of this.#deletions) deadline.fail(canceled())
    for (const watch of this.#watches) watch.abort()
    await Promise.all([...this.#others.keys()].map((connection) => this.#disconnect(connection)))
  }

  /** {@link NetlinkLinks.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #delete(name: string, deadline: ExchangeDeadline): Promise<void> {
    const release = await writerGate.acquireDeletion(deadline)
    let done: (() => void) | undefined
    const beforeDelete = async ({ index }: { readonly index: number }) => {
      done = await openDumps.end(this.#kernel.namespace, index)
    }
    const connection = this.#connect()
    try {
      await deleteLink(connection, name, WG_GENL_NAME, { deadline, beforeDelete })
    } finally {
      done?.()
      // Not awaited: after an abort or a timeout, it may never end. Until then it keeps its place.
      void this.#disconnect(connection).finally(release)
    }
  }

  async #move(name: string, namespace: number, exchange: ExchangeOptions): Promise<void> {
    const connection = this.#connect()
    try {
      await setLink(connection, name, { namespace }, exchange)
    } finally {
      // The kernel looks up the descriptor while it works, so its number must not be reused for
      // another file before.
      await this.#disconnect(connection)
    }
  }

  #connect(): Connection {
    const open = () => this.#kernel.open(NETLINK_ROUTE)
    const connection = new Connection(open, undefined, routeRequestName)
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

  #run<T>(
    operation: LinkOperation,
    device: string,
    options: CallOptions | undefined,
    step: (exchange: ExchangeOptions) => Promise<T>,
  ): Promise<T> {
    const closed = this.#closed && 'NetlinkLinks'
    return runCall({ operation, device }, closed, options, async (exchange) => {
      checkInterfaceName(device)
      return await step(exchange)
    })
  }
}

const OF_WATCH = 'watch interfaces'
const GROUPS = [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR]
const WATCH_OPTIONS: OptionTable<WatchLinksOptions> = {
  signal: 'signal',
  interval: 'checked later',
}
const INTERVAL: NumberRange = { min: 1, max: 2 ** 31 - 1, expected: 'milliseconds' }

function ignore(): void {}

function canceled(): NetlinkError {
  const init = { code: 'ECANCELED', kind: 'call', operation: 'delete link' } as const
  return new NetlinkError('ECANCELED, the connection was closed', init)
}

const LINK_PROPERTIES: OptionTable<LinkProperties> = { up: 'boolean', mtu: 'checked later' }

function checkProperties(properties: LinkProperties): LinkProperties {
  checkOptions(properties ?? null, LINK_PROPERTIES)
  const { up, mtu } = properties
  if (mtu !== undefined && !(Number.isInteger(mtu) && mtu > 0 && mtu < 2 ** 31)) {
    throw invalid('mtu', 'expected a number of bytes')
  }
  return { up, mtu }
}

function invalid(path: string, summary: string): WireGuardError {
  return new WireGuardError(summary, { code: 'EINVAL', path })
}
