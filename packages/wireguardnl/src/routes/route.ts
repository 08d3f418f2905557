import { formatIP } from 'wireguardcfg'
import { checkNumber, checkOptions, invalid, type OptionTable } from 'wireguardcfg/internal'
import { RT_TABLE_MAIN } from '../route/constants.js'
import type { KernelRoute, KernelRouteRequest } from '../route/route.js'
import { checkOptional, PROTOCOL, TABLE, U32 } from './numbers.js'
import { formatPrefix, parseAddress, parsePrefix } from './prefix-text.js'

/**
 * What becomes of the packets: `unicast` sends them; `unreachable`, `prohibit` and `blackhole`
 * refuse them, with an error to the sender or without. The others are the kernel's own.
 */
export type RouteType =
  | 'unicast'
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw'
  | 'nat'
  | 'other'

/** By RTN_, from 1 (linux/rtnetlink.h). */
const TYPES: readonly RouteType[] = [
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
]

/** A route of the kernel. */
export interface Route {
  /** `10.0.0.0/8`; the default route is `0.0.0.0/0` or `::/0`. */
  readonly destination: string
  /** What becomes of the packets. */
  readonly type: RouteType
  /** Name of the interface; undefined: it has none, or several next hops. */
  readonly device: string | undefined
  /** Index of that interface. */
  readonly index: number | undefined
  /** Address of the next hop; undefined: the destination is reached directly. */
  readonly gateway: string | undefined
  /** Source address of packets that have none yet; undefined: the kernel chooses. */
  readonly source: string | undefined
  /** Number of its table: 254 is the main one, 255 that of the machine's own addresses. */
  readonly table: number
  /** Of several routes to the same destination, the lowest counts. */
  readonly metric: number
  /** Who added it, by the numbers of rtnetlink(7): 2 the kernel, 3 `ip route`. */
  readonly protocol: number
  /** How far the destination is: 0 anywhere, 253 on the link, 254 on this machine. */
  readonly scope: number
  /** In bytes; undefined: that of the interface. */
  readonly mtu: number | undefined
}

/** A route to add, or to delete: what is absent is then not compared. */
export interface RouteInit {
  /** `10.0.0.0/8`, `0.0.0.0/0`, `fd00::/8`. Without a length it is a single address. */
  readonly destination: string
  /** Name of the interface. A new `unicast` route has a device, a gateway, or both. */
  readonly device?: string | undefined
  /** Address of the next hop, in the family of the destination. */
  readonly gateway?: string | undefined
  /** Source address of packets that have none yet. */
  readonly source?: string | undefined
  /** Number of the table; default 254, the main one. */
  readonly table?: number | undefined
  /** Absent in a new route: 0 for IPv4, 1024 for IPv6. */
  readonly metric?: number | undefined
  /** 0 to 255; default of a new route 3, as of `ip route`. */
  readonly protocol?: number | undefined
  /** Default of a new route `unicast`. */
  readonly type?: Exclude<RouteType, 'other'> | undefined
  /** In bytes. */
  readonly mtu?: number | undefined
}

const ROUTE: OptionTable<RouteInit> = {
  destination: 'checked later',
  device: 'text',
  gateway: 'checked later',
  source: 'checked later',
  table: 'checked later',
  metric: 'checked later',
  protocol: 'checked later',
  type: TYPES,
  mtu: 'checked later',
}

/** Reads a route that a caller gives. @throws WireGuardError `EINVAL` */
export function readRoute(init: RouteInit): Omit<KernelRouteRequest, 'index'> {
  checkOptions(init ?? null, ROUTE)
  const { table = RT_TABLE_MAIN, metric, protocol, type, mtu } = init
  const destination = parsePrefix(init.destination, 'destination')
  const inFamily = (name: 'gateway' | 'source'): Uint8Array | undefined => {
    if (init[name] === undefined) return undefined
    const address = parseAddress(init[name], name)
    if (address.length === destination.address.length) return address
    throw invalid('expected the address family of the destination', { path: name })
  }
  return {
    destination,
    table: checkNumber('table', table, TABLE),
    type: type === undefined ? undefined : TYPES.indexOf(type) + 1,
    protocol: checkOptional('protocol', protocol, PROTOCOL),
    metric: checkOptional('metric', metric, U32),
    gateway: inFamily('gateway'),
    source: inFamily('source'),
    mtu: checkOptional('mtu', mtu, { ...U32, min: 1 }),
  }
}

/** Returns the public form of a route. @param nameOf the name of an interface by its index */
export function formatRoute(
  route: KernelRoute,
  nameOf: (index: number) => string | undefined,
): Route {
  const { index, gateway, source, table, metric, protocol, scope, mtu } = route
  return {
    destination: formatPrefix(route.destination),
    type: TYPES[route.type - 1] ?? 'other',
    device: index === undefined ? undefined : nameOf(index),
    index,
    gateway: gateway && formatIP(gateway),
    source: source && formatIP(source),
    table,
    metric,
    protocol,
    scope,
    mtu,
  }
}
