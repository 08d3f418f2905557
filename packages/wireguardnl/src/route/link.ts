import { AttributeReader } from '../netlink/attribute-reader.js'
import { AttributeWriter } from '../netlink/attribute-writer.js'
import type { Connection } from '../netlink/connection.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { dumpAll } from '../netlink/dump.js'
import { LITTLE_ENDIAN, viewOf } from '../netlink/endian.js'
import { NetlinkError } from '../netlink/errors.js'
import { MalformedMessageError } from '../netlink/malformed.js'
import type { Message } from '../netlink/message.js'
import {
  IFF_UP,
  IFINFOMSG_LENGTH,
  IFLA_EXT_MASK,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MTU,
  RTEXT_FILTER_SKIP_STATS,
  RTM_GETLINK,
  RTM_NEWLINK,
} from './constants.js'

const LINKS = { request: RTM_GETLINK, reply: RTM_NEWLINK }

/** A network interface, with the fields that this package uses. */
export interface Link {
  /** Interface index. It identifies the link under any name. */
  readonly index: number
  readonly name: string
  /**
   * The kind: 'wireguard', 'tun', 'veth' ...; undefined if there is none, as for hardware and for
   * lo.
   */
  readonly kind: string | undefined
  /** IFF_ bits. */
  readonly flags: number
  /** In bytes. */
  readonly mtu: number
}

/**
 * Lists the links of a namespace, or those of one kind. Equal to `ip link show [type KIND]`. Needs
 * no privilege.
 *
 * @throws {NetlinkError}
 */
export async function listLinks(
  connection: Connection,
  kind?: string,
  options: ExchangeOptions = {},
): Promise<Link[]> {
  const payload = encodeListRequest(kind)
  const decode = (message: Message) => {
    const link = decodeLink(message)
    // The kernel ignores the filter silently if it does not know the kind, which means that its
    // module is not loaded.
    return kind === undefined || link.kind === kind ? link : undefined
  }
  const listed = { ...options, operation: 'list links' }
  const links = await dumpAll(connection, LINKS, payload, decode, listed)
  // An interrupted dump may have a link twice.
  return [...new Map(links.map((link) => [link.index, link])).values()]
}

/**
 * Reads one link by name, by alternative name or by index; undefined if there is none.
 *
 * @throws {NetlinkError}
 */
export async function getLink(
  connection: Connection,
  nameOrIndex: string | number,
  options: ExchangeOptions = {},
): Promise<Link | undefined> {
  const payload = encodeGetLink(nameOrIndex)
  const operation = `get link ${JSON.stringify(nameOrIndex)}`
  let link: Link | undefined
  const onMessage = (message: Message) => {
    if (message.type === RTM_NEWLINK) link = decodeLink(message)
  }
  try {
    await connection.request(RTM_GETLINK, 0, payload, { ...options, operation, onMessage })
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'ENODEV') return undefined
    throw error
  }
  return link
}

/**
 * Encodes the payload of an RTM_GETLINK dump, without statistics, and for one kind if it is given.
 */
export function encodeListRequest(kind: string | undefined): Uint8Array {
  const writer = new AttributeWriter(64)
    .raw(encodeLinkHeader())
    .u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
  if (kind !== undefined) {
    writer.nested(IFLA_LINKINFO, (info) => info.string(IFLA_INFO_KIND, kind))
  }
  return writer.bytes()
}

/** Encodes the payload of an RTM_GETLINK for one link. */
export function encodeGetLink(nameOrIndex: string | number): Uint8Array {
  const byIndex = typeof nameOrIndex === 'number'
  const writer = new AttributeWriter(64)
    .raw(encodeLinkHeader({ index: byIndex ? nameOrIndex : 0 }))
    .u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
  if (!byIndex) writer.string(IFLA_IFNAME, nameOrIndex)
  return writer.bytes()
}

/**
 * Decodes an RTM_NEWLINK or RTM_DELLINK. `struct ifinfomsg`: `ifi_family` (u8), pad (u8),
 * `ifi_type` (u16), `ifi_index` (s32), `ifi_flags` (u32), `ifi_change` (u32).
 *
 * @throws {MalformedMessageError} also when the link has no name
 */
export function decodeLink(message: Message): Link {
  const attribute = AttributeReader.of(message, IFINFOMSG_LENGTH)
  const index = message.view.getInt32(message.start + 4, LITTLE_ENDIAN)
  const flags = message.view.getUint32(message.start + 8, LITTLE_ENDIAN)
  let name: string | undefined
  let kind: string | undefined
  let mtu = 0
  while (attribute.next()) {
    switch (attribute.type) {
      case IFLA_IFNAME:
        name = attribute.string()
        break
      case IFLA_MTU:
        mtu = attribute.u32()
        break
      case IFLA_LINKINFO:
        kind = decodeKind(attribute.nested())
        break
    }
  }
  if (name === undefined) throw new MalformedMessageError('a link without a name', message.start)
  return { index, name, kind, flags, mtu }
}

function decodeKind(info: AttributeReader): string | undefined {
  let kind: string | undefined
  while (info.next()) if (info.type === IFLA_INFO_KIND) kind = info.string()
  return kind
}

/** The fields of struct ifinfomsg that a request sets. */
export interface LinkHeader {
  /** Index of the link. 0: the link that the attributes name, or a new one. */
  readonly index?: number | undefined
  /** Whether the link is to be up. Absent: unchanged. */
  readonly up?: boolean | undefined
}

/**
 * Encodes `struct ifinfomsg`: `ifi_family` (u8), pad (u8), `ifi_type` (u16), `ifi_index` (s32),
 * `ifi_flags` (u32), `ifi_change` (u32, the mask of the flags to change).
 */
export function encodeLinkHeader({ index = 0, up }: LinkHeader = {}): Uint8Array {
  const header = new Uint8Array(IFINFOMSG_LENGTH)
  const view = viewOf(header)
  view.setInt32(4, index, LITTLE_ENDIAN)
  if (up !== undefined) {
    view.setUint32(8, up ? IFF_UP : 0, LITTLE_ENDIAN)
    view.setUint32(12, IFF_UP, LITTLE_ENDIAN)
  }
  return header
}
