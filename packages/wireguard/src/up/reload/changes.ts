import { canonicalAllowedIP } from 'wireguardcfg'
import type { CheckedDeviceConfig } from 'wireguardcfg/backend'
import type { Route, RouteInit, Rule, RuleInit } from 'wireguardnl'
import { addressChanges } from '../../create/address-changes.js'
import type { SystemStep } from '../act.js'
import { type Marking, markingOf } from '../plan/draft.js'
import type { PlannedTunnel } from '../plan/planned-tunnel.js'
import { familyOf } from '../plan/prefixes.js'
import { routeMetric } from '../plan/routes.js'
import { MAIN, type UpStep } from '../plan/step.js'
import type { Made, TunnelState } from '../state/state.js'
import { undoStep } from '../undo.js'
import type { ReloadStep } from './step.js'

/** What a tunnel that is up has now. */
export interface CurrentTunnel {
  readonly state: TunnelState
  /** Undefined: it has no default route. */
  readonly marking: Marking | undefined
  readonly isLinkUp: boolean
  /** In bytes. */
  readonly mtu: number
  readonly addresses: readonly string[]
  /** The routes of the interface, and all of the tables in which the tunnel is to have some. */
  readonly routes: readonly Route[]
  /** Those of the interface that `up` or `reload` has added. */
  readonly ownRoutes: readonly Route[]
  readonly rules: readonly Rule[]
  /** The difference of the device to the file, without its mark; undefined: there is none. */
  readonly difference: CheckedDeviceConfig | undefined
  readonly firewallMark: number
  /** Whether the name servers in the file are those of the plan. */
  readonly hasNameServers: boolean
  /** Whether the removal of an address leaves the others of its network (IPv4). */
  readonly promotesSecondaries: boolean
}

/** What `reload` does, and what is to be undone while it is not finished. */
export interface ReloadChanges {
  readonly steps: readonly ReloadStep[]
  /** What the tunnel has for a time only. */
  readonly temporary: readonly Made[]
}

/**
 * Compares a plan with what is there. What is new is added first, and what is old is removed last,
 * so that packets have their way at every moment.
 */
export function reloadChanges(planned: PlannedTunnel, current: CurrentTunnel): ReloadChanges {
  const { state, marking: from } = current
  const to = markingOf(planned)
  // While the old rules are there, packets with the new mark would go into the tunnel.
  const between = from !== undefined && to !== undefined && from.mark !== to.mark ? to : undefined
  const temporary = between === undefined ? [] : temporaryRules(state, from!, between.mark)
  const keyOf = (made: Made) => undoStep(made, planned.name).command
  const kept = new Set(planned.made.map((made) => keyOf(made)))
  const old = state.made.filter((made) => !kept.has(keyOf(made)))
  const leading = old.filter((made) => made.type === 'rule' && made.rule.invert === true)
  const nameServers = old.filter(({ type }) => type === 'dns' || type === 'resolvconf')
  const replaced = routesOf(planned)
  const rest = old.filter(
    (made) =>
      !leading.includes(made) &&
      !nameServers.includes(made) &&
      !(made.type === 'route' && replaced.some((route) => isReplaced(made.route, route))),
  )
  const isPlain = from !== undefined && to === undefined
  const mark = wantedMark(planned, current)
  const steps: ReloadStep[] = [
    ...newAddresses(planned, current),
    ...linkSteps(planned, current),
    ...temporary
      .filter(({ rule }) => !current.rules.some((there) => isSameRule(rule, there)))
      .map(({ rule }): ReloadStep => ({ type: 'add-rule', rule })),
    ...(isPlain ? deviceSteps(current, undefined) : deviceSteps(current, mark)),
    ...newRoutes(planned, current),
    ...planned.steps.filter((step) => isOther(step, current)),
    ...nameServers.toReversed().map(undoing),
    ...(forgetsResolved(planned, current) ? [{ type: 'forget-resolved' } as const] : []),
    ...leading.toReversed().map(undoing),
    ...temporary.map(undoing),
    ...(isPlain && mark !== undefined && mark !== current.firewallMark
      ? [{ type: 'set-mark', mark } as const]
      : []),
    ...rest.toReversed().map(undoing),
    ...oldRoutes(planned, current).map((route): ReloadStep => ({ type: 'delete-route', route })),
    ...oldAddresses(planned, current),
  ]
  return { steps, temporary }
}

/** Returns what the removal of addresses has taken along: addresses and routes to add again. */
export function missing(planned: PlannedTunnel, current: CurrentTunnel): readonly ReloadStep[] {
  return [...newAddresses(planned, current), ...newRoutes(planned, current)]
}

/** Returns the mark that the device has to have; undefined: that of a command, or of the user. */
function wantedMark(planned: PlannedTunnel, current: CurrentTunnel): number | undefined {
  const isOurs = current.firewallMark === current.state.firewallMark
  if (planned.table !== undefined || isOurs) return planned.firewallMark
  const step = planned.steps.find(({ type }) => type === 'configure-device')
  return step?.type === 'configure-device' ? step.config.firewallMark : undefined
}

function undoing(made: Made): ReloadStep {
  return { type: 'undo', made }
}

type MadeRule = Extract<Made, { type: 'rule' }>

/** Rules that keep the packets with the new mark out of the tunnel, behind those for local ones. */
function temporaryRules(
  { made }: TunnelState,
  { mark, preference }: Marking,
  firewallMark: number,
): readonly MadeRule[] {
  return made.flatMap((one) => {
    if (one.type !== 'rule' || one.rule.invert !== true) return []
    // A reload that was interrupted may have left others.
    if (one.rule.firewallMark !== mark) return []
    const { family, protocol } = one.rule
    const rule: RuleInit = { family, table: MAIN, priority: preference, firewallMark, protocol }
    return [{ type: 'rule', rule }]
  })
}

function deviceSteps(current: CurrentTunnel, mark: number | undefined): ReloadStep[] {
  const isMarked = mark === undefined || mark === current.firewallMark
  const own = isMarked ? {} : { firewallMark: mark }
  const config = { ...current.difference, ...own }
  return Object.keys(config).length === 0 ? [] : [{ type: 'sync-device', config }]
}

function newAddresses(planned: PlannedTunnel, current: CurrentTunnel): ReloadStep[] {
  const { reset, added } = addressChanges(current.addresses, addressesOf(planned))
  return [
    ...reset.map((address): ReloadStep => ({ type: 'remove-address', address })),
    ...added.map((address): ReloadStep => ({ type: 'add-address', address })),
  ]
}

function oldAddresses(planned: PlannedTunnel, current: CurrentTunnel): ReloadStep[] {
  const wanted = addressesOf(planned)
  const { removed } = addressChanges(current.addresses, wanted)
  const networks = new Set(wanted.filter((one) => familyOf(one) === 4).map(canonicalAllowedIP))
  const takesOthers =
    !current.promotesSecondaries &&
    removed.some((one) => familyOf(one) === 4 && networks.has(canonicalAllowedIP(one)))
  const key = `net.ipv4.conf.${planned.name.replaceAll('.', '/')}.promote_secondaries`
  return [
    ...(takesOthers ? [{ type: 'set-sysctl', key, value: '1', before: '0' } as const] : []),
    ...removed.map((address): ReloadStep => ({ type: 'remove-address', address })),
  ]
}

function addressesOf({ steps }: PlannedTunnel): string[] {
  return steps.flatMap((step) => (step.type === 'add-address' ? step.address : []))
}

function linkSteps({ mtu }: PlannedTunnel, current: CurrentTunnel): ReloadStep[] {
  return current.isLinkUp && current.mtu === mtu ? [] : [{ type: 'set-link', mtu }]
}

function routesOf({ steps }: PlannedTunnel): RouteInit[] {
  return steps.flatMap((step) => (step.type === 'add-route' ? step.route : []))
}

function newRoutes(planned: PlannedTunnel, { routes }: CurrentTunnel): ReloadStep[] {
  return routesOf(planned).flatMap((route): ReloadStep[] => {
    const sameKey = routes.filter((there) => isReplaced(there, route))
    if (sameKey.some((there) => isSame(route, there))) return []
    const isOwn = sameKey.some(({ protocol }) => protocol === route.protocol)
    return [{ type: isOwn ? 'replace-route' : 'add-route', route }]
  })
}

/** Whether a route takes the place of another one. */
function isReplaced(former: Omit<RouteInit, 'type'>, route: RouteInit): boolean {
  return (
    route.destination === former.destination &&
    (route.table ?? MAIN) === (former.table ?? MAIN) &&
    routeMetric(route.destination, route.metric) === routeMetric(former.destination, former.metric)
  )
}

function isSame(route: RouteInit, there: Route): boolean {
  const { type = 'unicast', device, gateway, protocol } = route
  const isReached = type !== 'unicast' || device === there.device
  return (
    isReached && type === there.type && gateway === there.gateway && protocol === there.protocol
  )
}

/** The routes of an earlier file on the interface. Those of the kernel and of others stay. */
function oldRoutes(planned: PlannedTunnel, { ownRoutes }: CurrentTunnel): RouteInit[] {
  const wanted = routesOf(planned)
  return ownRoutes
    .filter((there) => !wanted.some((route) => isReplaced(there, route)))
    .map(({ destination, device, table, metric, protocol }) => ({
      destination,
      device,
      table,
      metric,
      protocol,
    }))
}

/** Whether a step is one beside the device, its addresses and routes, and has to be made. */
function isOther(step: UpStep, current: CurrentTunnel): step is SystemStep {
  switch (step.type) {
    case 'add-rule':
      return !current.rules.some((there) => isSameRule(step.rule, there))
    case 'set-dns':
      return !current.hasNameServers
    case 'set-firewall':
    case 'set-masquerade':
    case 'set-sysctl':
    case 'set-resolved':
    case 'set-resolvconf':
      return true
    default:
      return false
  }
}

function isSameRule(rule: RuleInit, there: Rule): boolean {
  const { family, table, priority, invert = false, firewallMark = 0, suppressPrefixLength } = rule
  return (
    family === there.family &&
    table === there.table &&
    priority === there.priority &&
    invert === there.invert &&
    firewallMark === there.firewallMark &&
    suppressPrefixLength === there.suppressPrefixLength &&
    rule.protocol === there.protocol
  )
}

function forgetsResolved({ steps }: PlannedTunnel, { state }: CurrentTunnel): boolean {
  return state.tellsResolved === true && !steps.some(({ type }) => type === 'set-resolved')
}
