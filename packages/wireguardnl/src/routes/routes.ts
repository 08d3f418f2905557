import { type CallOptions, checkInterfaceName, formatIP } from 'wireguardcfg'
import {
  checkNumber,
  checkOptions,
  invalid,
  type OptionTable,
  traceMethods,
} from 'wireguardcfg/internal'
import type { LinkOperation } from '../links/errors.js'
import { findLink } from '../links/lookup.js'
import { type CallSubject, runCall } from '../links/run.js'
import { Connection } from '../netlink/connection.js'
import { NETLINK_ROUTE } from '../netlink/constants.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { getLink, listLinks } from '../route/link.js'
import { RTN_UNICAST } from '../route/constants.js'
import { routeRequestName } from '../route/request-name.js'
import {
  addRoute,
  deleteRoute,
  type KernelRoute,
  type KernelRouteRequest,
  listRoutes,
  lookUpRoute,
  replaceRoute,
} from '../route/route.js'
import { addRule, deleteRule, type KernelRule, listRules } from '../route/rule.js'
import { type KernelHandle, kernelOf, runningKernel } from '../wireguard/kernel.js'
import { formatPrefix, parseAddress } from './prefix-text.js'
import { checkOptional, TABLE, U32 } from './numbers.js'
import { formatRoute, readRoute, type Route, type RouteInit } from './route.js'
import { familyNumber, formatRule, readRule, type Rule, type RuleInit } from './rule.js'

/** Which routes to list. Absent: of any. */
export interface RouteFilter {
  /** Number of the table. */
  readonly table?: number | undefined
  /** Name of the interface. */
  readonly device?: string | undefined
  /** IPv4 or IPv6. */
  readonly family?: 4 | 6 | undefined
}

/** Which rules to list. Absent: of any. */
export interface RuleFilter {
  /** IPv4 or IPv6. */
  readonly family?: 4 | 6 | undefined
}

/** The packet for which a route is looked up. */
export interface RouteLookup {
  /** Where it goes: an IPv4 or IPv6 address. */
  readonly address: string
  /** Its firewall mark; default 0, none. */
  readonly firewallMark?: number | undefined
}

const ROUTE_FILTER: OptionTable<RouteFilter> = {
  table: 'checked later',
  device: 'text',
  family: [4, 6],
}
const RULE_FILTER: OptionTable<RuleFilter> = { family: [4, 6] }
const ROUTE_LOOKUP: OptionTable<RouteLookup> = {
  address: 'checked later',
  firewallMark: 'checked later',
}

/**
 * Lists, adds, replaces and deletes routes, lists, adds and deletes rules, as `ip route` and `ip
 * rule` do, and looks routes up.
 *
 * All methods reject with a WireGuardError: `ENODEV` no such interface, `EPERM`, `EINVAL`,
 * `ETIMEDOUT`, `ABORT_ERR`, `EBADF` this object is closed; on other systems than Linux
 * `EOPNOTSUPP`. A call that is aborted or times out may have taken effect.
 *
 * @example
 * ```ts
 * await using routes = new NetlinkRoutes()
 * await routes.addRoute({ destination: '10.8.0.0/16', device: 'wg0' })
 * ```
 */
export class NetlinkRoutes implements AsyncDisposable {
  readonly #connection: Connection
  #closed = false

  static {
    traceMethods(this, 'NetlinkRoutes')
  }

  /** @param kernel made by `kernelIn`; by default, the network namespace of the thread */
  constructor(kernel: KernelHandle = runningKernel) {
    const system = kernelOf(kernel)
    this.#connection = new Connection(() => system.open(NETLINK_ROUTE), undefined, routeRequestName)
  }

  /**
   * Lists routes, in the kernel's order, IPv4 first. Needs no privilege. A table that does not
   * exist has no routes.
   *
   * @example
   * ```ts
   * await routes.routes({ device: 'wg0' })
   * ```
   */
  routes(filter: RouteFilter = {}, options?: CallOptions): Promise<Route[]> {
    return this.#run({ operation: 'list routes' }, options, async (exchange) => {
      checkOptions(filter ?? null, ROUTE_FILTER)
      const { table, device, family } = filter
      const index = device === undefined ? 0 : await this.#indexOf(device, exchange)
      const wanted = { table: checkOptional('table', table, TABLE) ?? 0, index }
      let found: KernelRoute[] = []
      for (const each of familiesOf(family)) {
        found = found.concat(await listRoutes(this.#connection, each, wanted, exchange))
      }
      const links = found.length === 0 ? [] : await listLinks(this.#connection, undefined, exchange)
      const names = new Map(links.map((link) => [link.index, link.name]))
      return found.map((route) => formatRoute(route, (each) => names.get(each)))
    })
  }

  /**
   * Adds a route.
   *
   * @throws WireGuardError `EEXIST` the table has one to this destination with this metric;
   * `ENETDOWN` the interface is down; `EACCES` IPv6 is disabled on it; `ENETUNREACH` the gateway
   * cannot be reached
   *
   * @example
   * ```ts
   * await routes.addRoute({ destination: '0.0.0.0/0', device: 'wg0', table: 51820 })
   * ```
   */
  addRoute(route: RouteInit, options?: CallOptions): Promise<void> {
    return this.#change('add route', route, options, (request, exchange) => {
      checkWay(request)
      return addRoute(this.#connection, request, exchange)
    })
  }

  /**
   * Adds a route, in the place of the one that the table has to this destination with this metric.
   * There is no moment without either.
   *
   * @throws WireGuardError as {@link NetlinkRoutes.addRoute}, without `EEXIST`
   *
   * @example
   * ```ts
   * await routes.replaceRoute({ destination: '198.51.100.7/32', device: 'wlan0' })
   * ```
   */
  replaceRoute(route: RouteInit, options?: CallOptions): Promise<void> {
    return this.#change('replace route', route, options, (request, exchange) => {
      checkWay(request)
      return replaceRoute(this.#connection, request, exchange)
    })
  }

  /**
   * Deletes a route: the first one that has everything that is given.
   *
   * @throws WireGuardError `ESRCH` there is none
   *
   * @example
   * ```ts
   * await routes.deleteRoute({ destination: '10.8.0.0/16', device: 'wg0' })
   * ```
   */
  deleteRoute(route: RouteInit, options?: CallOptions): Promise<void> {
    return this.#change('delete route', route, options, (request, exchange) =>
      deleteRoute(this.#connection, request, exchange),
    )
  }

  /**
   * Returns the route that a packet from here to an address takes. Needs no privilege. Its
   * `destination` is the address.
   *
   * @throws WireGuardError `ENETUNREACH` there is none; `EHOSTUNREACH`, `EACCES` a route refuses
   * such packets
   *
   * @example
   * ```ts
   * const { device } = await routes.lookUp({ address: '192.0.2.1', firewallMark: 51820 })
   * ```
   */
  lookUp(packet: RouteLookup, options?: CallOptions): Promise<Route> {
    let detail = ''
    const about = { operation: 'look up route', detail: () => detail } as const
    return this.#run(about, options, async (exchange) => {
      checkOptions(packet ?? null, ROUTE_LOOKUP)
      const mark = checkNumber('firewallMark', packet.firewallMark ?? 0, U32)
      const bytes = parseAddress(packet.address, 'address')
      detail = formatIP(bytes)
      const route = await lookUpRoute(this.#connection, bytes, mark, exchange)
      const { index } = route
      const link = index && (await getLink(this.#connection, index, exchange))
      return formatRoute(route, () => (typeof link === 'object' ? link.name : undefined))
    })
  }

  /**
   * Lists the rules in their order, IPv4 first. Needs no privilege.
   *
   * @example
   * ```ts
   * const rules = await routes.rules({ family: 4 })
   * ```
   */
  rules(filter: RuleFilter = {}, options?: CallOptions): Promise<Rule[]> {
    return this.#run({ operation: 'list rules' }, options, async (exchange) => {
      checkOptions(filter ?? null, RULE_FILTER)
      let found: KernelRule[] = []
      for (const each of familiesOf(filter.family)) {
        found = found.concat(await listRules(this.#connection, each, exchange))
      }
      return found.map(formatRule)
    })
  }

  /**
   * Adds a rule.
   *
   * @throws WireGuardError `EEXIST` it is there already, if it has a `priority`
   *
   * @example
   * ```ts
   * const rule = { family: 4, table: 51820, priority: 32000, invert: true, firewallMark: 51820 }
   * await routes.addRule(rule)
   * ```
   */
  addRule(rule: RuleInit, options?: CallOptions): Promise<void> {
    return this.#run({ operation: 'add rule' }, options, (exchange) =>
      addRule(this.#connection, readRule(rule), exchange),
    )
  }

  /**
   * Deletes a rule: the first one that has everything that is given. Give the priority, so that it
   * is not one of somebody else.
   *
   * @throws WireGuardError `ENOENT` there is none
   *
   * @example
   * ```ts
   * await routes.deleteRule({ family: 4, table: 51820, priority: 32000, invert: true })
   * ```
   */
  deleteRule(rule: RuleInit, options?: CallOptions): Promise<void> {
    return this.#run({ operation: 'delete rule' }, options, (exchange) =>
      deleteRule(this.#connection, readRule(rule), exchange),
    )
  }

  /** Ends the calls in progress and closes the socket. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#connection.close()
  }

  /** {@link NetlinkRoutes.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #change(
    operation: LinkOperation,
    route: RouteInit,
    options: CallOptions | undefined,
    change: (request: KernelRouteRequest, exchange: ExchangeOptions) => Promise<void>,
  ): Promise<void> {
    let detail = ''
    const about = { operation, device: route?.device, detail: () => detail }
    return this.#run(about, options, async (exchange) => {
      const request = readRoute(route)
      detail = `${formatPrefix(request.destination)} in table ${request.table}`
      const { device } = route
      const index = device === undefined ? undefined : await this.#indexOf(device, exchange)
      await change({ ...request, index }, exchange)
    })
  }

  async #indexOf(device: string, exchange: ExchangeOptions): Promise<number> {
    checkInterfaceName(device)
    const { index } = await findLink(this.#connection, device, exchange)
    return index
  }

  #run<T>(
    subject: CallSubject,
    options: CallOptions | undefined,
    step: (exchange: ExchangeOptions) => Promise<T>,
  ): Promise<T> {
    return runCall(subject, this.#closed && 'NetlinkRoutes', options, step)
  }
}

function checkWay({ type, index, gateway }: KernelRouteRequest): void {
  const isUnicast = type === undefined || type === RTN_UNICAST
  if (!isUnicast || index !== undefined || gateway !== undefined) return
  throw invalid('expected the interface, the gateway, or both', { path: 'device' })
}

function familiesOf(family: 4 | 6 | undefined): number[] {
  return family === undefined ? [familyNumber(4), familyNumber(6)] : [familyNumber(family)]
}
