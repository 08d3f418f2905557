import { AttributeReader } from '../netlink/attribute-reader.js'
import { AttributeWriter } from '../netlink/attribute-writer.js'
import type { Connection } from '../netlink/connection.js'
import { AF_INET, AF_INET6, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../netlink/constants.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { dumpAll } from '../netlink/dump.js'
import { LITTLE_ENDIAN, viewOf } from '../netlink/endian.js'
import { NetlinkError } from '../netlink/errors.js'
import { MalformedMessageError } from '../netlink/malformed.js'
import type { Message } from '../netlink/message.js'
import {
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_UNIVERSE,
  RTA_DST,
  RTA_GATEWAY,
  RTA_MARK,
  RTA_METRICS,
  RTA_OIF,
  RTA_PREFSRC,
  RTA_PRIORITY,
  RTA_TABLE,
  RTAX_MTU,
  RTM_DELROUTE,
  RTM_F_CLONED,
  RTM_F_LOOKUP_TABLE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTMSG_LENGTH,
  RTN_UNICAST,
  RTPROT_BOOT,
} from './constants.js'
import { type Prefix, prefixOf } from './prefix.js'

const ROUTES = { request: RTM_GETROUTE, reply: RTM_NEWROUTE }

/** A route as the kernel reports it. Addresses are 4 or 16 bytes. */
export interface KernelRoute {
  readonly destination: Prefix
  /** RTN_ */
  readonly type: number
  readonly table: number
  /** RTPROT_ */
  readonly protocol: number
  /** RT_SCOPE_ */
  readonly scope: number
  readonly metric: number
  /** Interface index; undefined: it has none, or several next hops. */
  readonly index: number | undefined
  readonly gateway: Uint8Array | undefined
  readonly source: Uint8Array | undefined
  /** In bytes; undefined: that of the interface. */
  readonly mtu: number | undefined
}

/** A route to add or to delete. What is absent in a deletion is not compared. */
export interface KernelRouteRequest {
  readonly destination: Prefix
  readonly table: number
  readonly type?: number | undefined
  readonly protocol?: number | undefined
  readonly metric?: number | undefined
  readonly index?: number | undefined
  readonly gateway?: Uint8Array | undefined
  readonly source?: Uint8Array | undefined
  readonly mtu?: number | undefined
}

/**
 * Lists the routes of one address family, in the kernel's order. Needs no privilege.
 *
 * @param filter 0 for any
 * @throws {NetlinkError}
 */
export async function listRoutes(
  connection: Connection,
  family: number,
  filter: { readonly table: number; readonly index: number },
  options: ExchangeOptions = {},
): Promise<KernelRoute[]> {
  const { table, index } = filter
  const writer = new AttributeWriter(64).raw(encodeRouteHeader({ family }))
  if (index > 0) writer.u32(RTA_OIF, index)
  if (table > 0) writer.u32(RTA_TABLE, table)
  const decode = (message: Message) => {
    const route = decodeRoute(message)
    // Kernels before 4.20 do not filter. One without IPv6 lists the other families in its place.
    const isWanted =
      route?.destination.address.length === (family === AF_INET ? 4 : 16) &&
      (table === 0 || route?.table === table) &&
      (index === 0 || route?.index === index)
    return isWanted ? route : undefined
  }
  try {
    const listed = { ...options, operation: 'list routes' }
    return await dumpAll(connection, ROUTES, writer.bytes(), decode, listed)
  } catch (error) {
    // A table exists as long as it has a route.
    if (error instanceof NetlinkError && error.code === 'ENOENT') return []
    throw error
  }
}

/**
 * Adds a route. Equal to `ip route add`.
 *
 * @throws {NetlinkError} EEXIST there is one with this destination, table and metric; ENETDOWN the
 * interface is down; ENETUNREACH the gateway cannot be reached; EINVAL, EPERM
 */
export async function addRoute(
  connection: Connection,
  route: KernelRouteRequest,
  options: ExchangeOptions = {},
): Promise<void> {
  const sent = { ...options, operation: 'add route', send: 'writer' } as const
  const flags = NLM_F_CREATE | NLM_F_EXCL
  await connection.request(RTM_NEWROUTE, flags, encodeNewRoute(route), sent)
}

/**
 * Adds a route, in the place of the one with this destination, table and metric. Equal to `ip route
 * replace`.
 *
 * @throws {NetlinkError} as {@link addRoute}, without EEXIST
 */
export async function replaceRoute(
  connection: Connection,
  route: KernelRouteRequest,
  options: ExchangeOptions = {},
): Promise<void> {
  const sent = { ...options, operation: 'replace route', send: 'writer' } as const
  const flags = NLM_F_CREATE | NLM_F_REPLACE
  await connection.request(RTM_NEWROUTE, flags, encodeNewRoute(route), sent)
}

function encodeNewRoute(route: KernelRouteRequest): Uint8Array {
  const { type = RTN_UNICAST, protocol = RTPROT_BOOT } = route
  const isDirect = type === RTN_UNICAST && route.gateway === undefined
  const isV4 = route.destination.address.length === 4
  const scope = isV4 && isDirect ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE
  return encodeRoute({ ...route, type, protocol }, scope)
}

/**
 * Deletes the first route that matches. Equal to `ip route delete`.
 *
 * @throws {NetlinkError} ESRCH there is none, EPERM
 */
export async function deleteRoute(
  connection: Connection,
  route: KernelRouteRequest,
  options: ExchangeOptions = {},
): Promise<void> {
  // IPv6 has no scopes.
  const scope = route.destination.address.length === 4 ? RT_SCOPE_NOWHERE : RT_SCOPE_UNIVERSE
  await connection.request(RTM_DELROUTE, 0, encodeRoute(route, scope), {
    ...options,
    operation: 'delete route',
    send: 'writer',
  })
}

/**
 * Returns the route that a packet to an address takes. Equal to `ip route get`.
 *
 * @param mark the firewall mark of the packet; 0: none
 * @throws {NetlinkError} ENETUNREACH there is none; EHOSTUNREACH, EACCES, EINVAL it is unreachable,
 * prohibit or blackhole
 */
export async function lookUpRoute(
  connection: Connection,
  address: Uint8Array,
  mark: number,
  options: ExchangeOptions = {},
): Promise<KernelRoute> {
  let route: KernelRoute | undefined
  const onMessage = (message: Message) => {
    if (message.type === RTM_NEWROUTE) route = decodeRoute(message, true)
  }
  const payload = encodeLookup(address, mark)
  const operation = 'look up route'
  await connection.request(RTM_GETROUTE, 0, payload, { ...options, operation, onMessage })
  if (route === undefined) throw new MalformedMessageError('no route in the reply to a lookup', 0)
  return route
}

/** Encodes the payload of an RTM_GETROUTE for one address. */
export function encodeLookup(address: Uint8Array, mark: number): Uint8Array {
  const family = familyOf(address)
  // Of IPv6, the kernel tells the table anyway, and refuses the flag.
  const flags = family === AF_INET ? RTM_F_LOOKUP_TABLE : 0
  const header = { family, prefixLength: 8 * address.length, flags }
  const writer = new AttributeWriter(64).raw(encodeRouteHeader(header)).blob(RTA_DST, address)
  if (mark !== 0) writer.u32(RTA_MARK, mark)
  return writer.bytes()
}

/** Encodes the payload of an RTM_NEWROUTE or RTM_DELROUTE. */
export function encodeRoute(route: KernelRouteRequest, scope: number): Uint8Array {
  const { destination, table, type = 0, protocol = 0, metric, index, gateway, source, mtu } = route
  const { address, length } = destination
  const header = { family: familyOf(address), prefixLength: length, table, protocol, scope, type }
  const writer = new AttributeWriter(128).raw(encodeRouteHeader(header)).blob(RTA_DST, address)
  if (gateway !== undefined) writer.blob(RTA_GATEWAY, gateway)
  if (source !== undefined) writer.blob(RTA_PREFSRC, source)
  if (metric !== undefined) writer.u32(RTA_PRIORITY, metric)
  if (table > 0xff) writer.u32(RTA_TABLE, table)
  if (index !== undefined) writer.u32(RTA_OIF, index)
  if (mtu !== undefined) writer.nested(RTA_METRICS, (metrics) => metrics.u32(RTAX_MTU, mtu))
  return writer.bytes()
}

/**
 * Decodes an RTM_NEWROUTE; undefined for an address family other than IPv4 and IPv6, and for what
 * the kernel only remembers of a lookup.
 *
 * @param isLookup the reply to a lookup is such a route
 * @throws {MalformedMessageError}
 */
export function decodeRoute(message: Message, isLookup = false): KernelRoute | undefined {
  const { bytes, view, start } = message
  const attribute = AttributeReader.of(message, RTMSG_LENGTH)
  const family = bytes[start]!
  if (family !== AF_INET && family !== AF_INET6) return undefined
  if (!isLookup && (view.getUint32(start + 8, LITTLE_ENDIAN) & RTM_F_CLONED) !== 0) return undefined
  const size = family === AF_INET ? 4 : 16
  let table = bytes[start + 4]!
  let metric = 0
  let address: Uint8Array | undefined
  let index: number | undefined
  let gateway: Uint8Array | undefined
  let source: Uint8Array | undefined
  let mtu: number | undefined
  while (attribute.next()) {
    switch (attribute.type) {
      case RTA_DST:
        address = attribute.bytes(size).slice(0, size)
        break
      case RTA_OIF:
        index = attribute.u32()
        break
      case RTA_GATEWAY:
        gateway = attribute.bytes(size).slice(0, size)
        break
      case RTA_PRIORITY:
        metric = attribute.u32()
        break
      case RTA_PREFSRC:
        source = attribute.bytes(size).slice(0, size)
        break
      case RTA_METRICS:
        for (const metrics = attribute.nested(); metrics.next();) {
          if (metrics.type === RTAX_MTU) mtu = metrics.u32()
        }
        break
      case RTA_TABLE:
        table = attribute.u32()
        break
    }
  }
  const destination = prefixOf(address, bytes[start + 1]!, size, start)
  const [protocol, scope, type] = [bytes[start + 5]!, bytes[start + 6]!, bytes[start + 7]!]
  return { destination, type, table, protocol, scope, metric, index, gateway, source, mtu }
}

/**
 * Encodes `struct rtmsg`: `rtm_family`, `rtm_dst_len`, `rtm_src_len`, `rtm_tos`, `rtm_table`,
 * `rtm_protocol`, `rtm_scope`, `rtm_type` (all u8), `rtm_flags` (u32). A table above 255 is in
 * RTA_TABLE.
 */
function encodeRouteHeader(fields: {
  readonly family: number
  readonly prefixLength?: number
  readonly table?: number
  readonly protocol?: number
  readonly scope?: number
  readonly type?: number
  readonly flags?: number
}): Uint8Array {
  const {
    family,
    prefixLength = 0,
    table = 0,
    protocol = 0,
    scope = 0,
    type = 0,
    flags = 0,
  } = fields
  const small = table > 0xff ? 0 : table
  const header = Uint8Array.of(family, prefixLength, 0, 0, small, protocol, scope, type, 0, 0, 0, 0)
  viewOf(header).setUint32(8, flags, LITTLE_ENDIAN)
  return header
}

/** Returns the address family of an address of 4 or 16 bytes. */
export function familyOf(address: Uint8Array): number {
  return address.length === 4 ? AF_INET : AF_INET6
}
