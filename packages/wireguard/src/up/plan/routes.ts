import { canonicalAllowedIP, WireGuardError } from 'wireguardcfg'
import type { Route, RouteInit, RuleInit } from 'wireguardnl'
import type { Draft } from './draft.js'
import type { Intent } from './intent.js'
import { EVERYTHING, familyOf, isWithin, lengthOf } from './prefixes.js'
import { MAIN } from './step.js'
import type { System } from './system.js'

/** The metric that the kernel gives an IPv6 route that has none. */
const IPV6_METRIC = 1024
/** A route with it is the last to be used. */
const LAST_METRIC = 0xffff_ffff

/**
 * Adds the routes to single networks, behind those that keep the encrypted packets out of them.
 *
 * @throws WireGuardError `EEXIST` somebody else has such a route
 */
export async function addRoutes(
  draft: Draft,
  system: System,
  intent: Intent,
  mark: number,
): Promise<void> {
  const { name: device, metric, routeProtocol: protocol } = draft.request.options
  for (const host of intent.looping) await addHostRoute(draft, system, host, mark)
  if (intent.networks.length === 0) return
  const table = intent.table === 'auto' || intent.table === 'off' ? MAIN : intent.table
  const there = byDestination(await system.table(table))
  const connected = table === MAIN ? connectedNetworks(intent.addresses) : []
  for (const destination of intent.networks) {
    if (connected.some((network) => isWithin(destination, network))) continue
    const others = there.get(destination)?.filter((route) => route.device !== device) ?? []
    checkConflict(draft, destination, others)
    draft.add({ type: 'add-route', route: { destination, device, table, metric, protocol } })
  }
}

/** Adds the default routes, in their table, and behind them those that refuse. */
export function addDefaultRoutes(draft: Draft, { full, marked }: Intent, table: number): void {
  const { name, metric, killSwitch, routeProtocol: protocol } = draft.request.options
  for (const family of killSwitch ? full : []) {
    const destination = EVERYTHING[family]
    const route: RouteInit = { destination, type: 'unreachable', table, metric: LAST_METRIC }
    draft.add({ type: 'add-route', route: { ...route, protocol } })
  }
  for (const destination of marked) {
    const route: RouteInit = { destination, device: name, table, metric, protocol }
    draft.add({ type: 'add-route', route })
  }
}

/** Adds the rules: first those that keep local packets out, then those that lead in. */
export function addRules(
  draft: Draft,
  { full }: Intent,
  { mark, table, preference }: { mark: number; table: number; preference: number },
): void {
  const { ruleProtocol: protocol } = draft.request.options
  for (const family of full) {
    const rule = { family, table: MAIN, priority: preference, suppressPrefixLength: 0, protocol }
    draft.add({ type: 'add-rule', rule })
  }
  for (const family of full) {
    const leading = { invert: true, firewallMark: mark, table, priority: preference + 1, protocol }
    const rule: RuleInit = { family, ...leading }
    draft.add({ type: 'add-rule', rule })
  }
}

/** Returns the metric that a route gets. */
export function routeMetric(destination: string, metric: number | undefined): number {
  return familyOf(destination) === 4 ? (metric ?? 0) : metric || IPV6_METRIC
}

function byDestination(routes: readonly Route[]): ReadonlyMap<string, Route[]> {
  const found = new Map<string, Route[]>()
  for (const route of routes) {
    const known = found.get(route.destination)
    if (known === undefined) found.set(route.destination, [route])
    else known.push(route)
  }
  return found
}

function checkConflict(draft: Draft, destination: string, there: readonly Route[]): void {
  const metric = routeMetric(destination, draft.request.options.metric)
  for (const route of there) {
    const by = route.device ?? route.type
    if (route.metric === metric) {
      throw new WireGuardError(`there is a route to ${destination} already, by ${by}`, {
        code: 'EEXIST',
        detail: `table ${route.table}, metric ${metric}`,
        hint: 'Give the routes of the tunnel another metric, or take this network out of AllowedIPs',
      })
    }
    if (route.metric < metric) {
      draft.warn(`packets to ${destination} keep going by ${by}, whose route has a lower metric`)
    }
  }
}

async function addHostRoute(draft: Draft, system: System, host: string, mark: number) {
  const { metric, routeProtocol: protocol } = draft.request.options
  const destination = `${host}/${familyOf(host) === 4 ? 32 : 128}`
  const own: Route[] = []
  const others: Route[] = []
  for (const route of await system.table(MAIN)) (isOwn(draft, route) ? own : others).push(route)
  // A lookup would find the routes of the tunnel.
  const isHidden = own.some((route) => isAround(destination, route))
  const path = isHidden ? bestOf(destination, others) : await system.lookUp(host, mark)
  if (path?.device === undefined) {
    draft.warn(
      `the endpoint ${host} is inside AllowedIPs and has no route, so its packets would go into the tunnel`,
    )
    return
  }
  if (others.some((route) => route.destination === destination)) return
  const { gateway, device } = path
  const route: RouteInit = { destination, type: 'unicast', gateway, device, table: MAIN }
  draft.add({ type: 'add-route', route: { ...route, metric, protocol } })
  draft.warn(
    `the endpoint ${host} is inside AllowedIPs, so it gets a route of its own by ${device}`,
  )
}

/** Whether a route of the main table is one of the tunnel that the plan is about. */
function isOwn({ request }: Draft, { device, destination }: Route): boolean {
  const made = request.former?.made ?? []
  return (
    device === request.options.name ||
    made.some(
      (one) =>
        one.type === 'route' &&
        one.route.table === MAIN &&
        one.route.destination === destination &&
        one.route.device === device,
    )
  )
}

/** Returns the route that the kernel would choose from a table. */
function bestOf(network: string, routes: readonly Route[]): Route | undefined {
  return routes
    .filter((route) => isAround(network, route))
    .toSorted((a, b) => lengthOf(b.destination) - lengthOf(a.destination) || a.metric - b.metric)[0]
}

function isAround(network: string, { destination }: Route): boolean {
  return familyOf(destination) === familyOf(network) && isWithin(network, destination)
}

/** The networks to which the kernel itself adds routes, for the addresses of the interface. */
function connectedNetworks(addresses: readonly string[]): string[] {
  return addresses
    .filter((address) => familyOf(address) === 6 || lengthOf(address) < 32)
    .map((address) => canonicalAllowedIP(address))
}
