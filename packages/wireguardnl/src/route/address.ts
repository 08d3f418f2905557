import { AttributeReader } from '../netlink/attribute-reader.js'
import { AttributeWriter } from '../netlink/attribute-writer.js'
import type { Connection } from '../netlink/connection.js'
import { AF_INET, AF_INET6, NLM_F_CREATE, NLM_F_EXCL } from '../netlink/constants.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { dumpAll } from '../netlink/dump.js'
import { LITTLE_ENDIAN, viewOf } from '../netlink/endian.js'
import { MalformedMessageError } from '../netlink/malformed.js'
import type { Message } from '../netlink/message.js'
import {
  IFA_ADDRESS,
  IFA_LOCAL,
  IFADDRMSG_LENGTH,
  RTM_DELADDR,
  RTM_GETADDR,
  RTM_NEWADDR,
} from './constants.js'

const ADDRESSES = { request: RTM_GETADDR, reply: RTM_NEWADDR }

/** An address of an interface. */
export interface LinkAddress {
  /** 4 or 16 bytes in network order, with its host bits. */
  readonly local: Uint8Array
  /** An integer from 0 to 32 for IPv4, from 0 to 128 for IPv6. */
  readonly prefixLength: number
  /** The address of the other end, if it has one. The prefix is then that of this address. */
  readonly peer?: Uint8Array | undefined
}

/**
 * Lists the IPv4 and IPv6 addresses of a link, in the kernel's order. Equal to
 * `ip address show dev NAME`. Needs no privilege.
 *
 * @throws {NetlinkError}
 */
export async function listAddresses(
  connection: Connection,
  index: number,
  options: ExchangeOptions = {},
): Promise<LinkAddress[]> {
  const operation = `list addresses of link ${index}`
  const found = await dumpAddresses(connection, index, { ...options, operation })
  // Without strict checks on the socket, the kernel returns the addresses of all links.
  return found.filter((one) => one.index === index).map(({ address }) => address)
}

/** An address, and the link that has it. */
export interface PlacedAddress {
  /** Interface index. */
  readonly index: number
  readonly address: LinkAddress
}

/**
 * Lists the IPv4 and IPv6 addresses of all links, in the kernel's order.
 *
 * @throws {NetlinkError}
 */
export function listAllAddresses(
  connection: Connection,
  options: ExchangeOptions = {},
): Promise<PlacedAddress[]> {
  return dumpAddresses(connection, 0, { ...options, operation: 'list addresses' })
}

/** @param index of the link; 0: all */
async function dumpAddresses(
  connection: Connection,
  index: number,
  options: ExchangeOptions,
): Promise<PlacedAddress[]> {
  const payload = encodeAddressHeader({ index })
  return dumpAll(connection, ADDRESSES, payload, decodeAddress, options)
}

/**
 * Adds an address to a link. Equal to `ip address add`.
 *
 * @throws {NetlinkError} EEXIST the link already has it, ENODEV, EACCES IPv6 is disabled on the
 * link, EINVAL, EPERM
 */
export async function addAddress(
  connection: Connection,
  index: number,
  address: LinkAddress,
  options: ExchangeOptions = {},
): Promise<void> {
  const payload = encodeAddress(index, address)
  await connection.request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, payload, {
    ...options,
    operation: `add address to link ${index}`,
    send: 'writer',
  })
}

/**
 * Removes an address from a link. Prefix length and peer must match. Equal to `ip address delete`.
 *
 * @throws {NetlinkError} EADDRNOTAVAIL the link does not have it, ENODEV, EPERM
 */
export async function removeAddress(
  connection: Connection,
  index: number,
  address: LinkAddress,
  options: ExchangeOptions = {},
): Promise<void> {
  await connection.request(RTM_DELADDR, 0, encodeAddress(index, address), {
    ...options,
    operation: `remove address of link ${index}`,
    send: 'writer',
  })
}

/**
 * Encodes the payload of an RTM_NEWADDR or RTM_DELADDR. It has both attributes. IPv4 cannot be
 * added without IFA_LOCAL, and RTM_DELADDR compares the prefix length of IPv4 only if there is an
 * IFA_ADDRESS.
 */
export function encodeAddress(index: number, address: LinkAddress): Uint8Array {
  const { local, prefixLength, peer = local } = address
  const family = local.length === 4 ? AF_INET : AF_INET6
  return new AttributeWriter(64)
    .raw(encodeAddressHeader({ family, prefixLength, index }))
    .blob(IFA_LOCAL, local)
    .blob(IFA_ADDRESS, peer)
    .bytes()
}

/**
 * Decodes an RTM_NEWADDR or RTM_DELADDR; undefined for an address family other than IPv4 and IPv6.
 * If the message has both attributes and they differ, IFA_ADDRESS is the address of the other end.
 * IPv6 usually has IFA_ADDRESS alone.
 *
 * @throws {MalformedMessageError} also when the address is missing, or shorter than an address of
 * its family
 */
export function decodeAddress(message: Message): PlacedAddress | undefined {
  const attribute = AttributeReader.of(message, IFADDRMSG_LENGTH)
  const family = message.bytes[message.start]!
  if (family !== AF_INET && family !== AF_INET6) return undefined
  const length = family === AF_INET ? 4 : 16
  const prefixLength = message.bytes[message.start + 1]!
  const index = message.view.getUint32(message.start + 4, LITTLE_ENDIAN)
  let local: Uint8Array | undefined
  let remote: Uint8Array | undefined
  while (attribute.next()) {
    if (attribute.type === IFA_LOCAL) local = attribute.bytes(length).slice(0, length)
    if (attribute.type === IFA_ADDRESS) remote = attribute.bytes(length).slice(0, length)
  }
  const own = local ?? remote
  if (own === undefined)
    throw new MalformedMessageError('an address message without an address', message.start)
  if (prefixLength > length * 8) {
    throw new MalformedMessageError(
      `prefix length ${prefixLength}, expected at most ${length * 8}`,
      message.start,
    )
  }
  const peer = remote === undefined || equal(own, remote) ? undefined : remote
  return { index, address: { local: own, prefixLength, ...(peer === undefined ? {} : { peer }) } }
}

/**
 * Encodes `struct ifaddrmsg`: `ifa_family` (u8), `ifa_prefixlen` (u8), `ifa_flags` (u8),
 * `ifa_scope` (u8), `ifa_index` (u32). In a dump request all fields but the index are zero.
 */
function encodeAddressHeader(fields: {
  readonly family?: number
  readonly prefixLength?: number
  readonly index: number
}): Uint8Array {
  const header = new Uint8Array(IFADDRMSG_LENGTH)
  header[0] = fields.family ?? 0
  header[1] = fields.prefixLength ?? 0
  viewOf(header).setUint32(4, fields.index, LITTLE_ENDIAN)
  return header
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i])
}
