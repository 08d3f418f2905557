import { constants } from 'node:os'
import { AttributeWriter } from '../netlink/attribute-writer.js'
import type { Connection } from '../netlink/connection.js'
import { NLM_F_CREATE, NLM_F_EXCL } from '../netlink/constants.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { messageError, NetlinkError } from '../netlink/errors.js'
import {
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MTU,
  IFLA_NET_NS_FD,
  RTM_DELLINK,
  RTM_NEWLINK,
  RTM_SETLINK,
} from './constants.js'
import { encodeLinkHeader, getLink, type Link } from './link.js'

/** A link to create. */
export interface NewLink {
  /** The name. The kernel replaces `%d` in it by a number, so the caller must check it first. */
  readonly name: string
  /** The kind: 'wireguard', 'dummy' ... The kernel loads the module of the kind. */
  readonly kind: string
  /** In bytes. Absent: the default of the kind. */
  readonly mtu?: number | undefined
  /** Whether it is up. Absent: false. */
  readonly up?: boolean | undefined
}

/**
 * Creates a link. Equal to `ip link add NAME type KIND`. Without NLM_F_EXCL, the kernel would
 * report success for an existing link of this name, whatever its kind is.
 *
 * @throws {NetlinkError} EEXIST, EOPNOTSUPP (the kernel does not know the kind), EINVAL, EPERM
 */
export async function createLink(
  connection: Connection,
  link: NewLink,
  options: ExchangeOptions = {},
): Promise<void> {
  const operation = `create link ${JSON.stringify(link.name)}`
  await connection.request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, encodeNewLink(link), {
    ...options,
    operation,
    // The kernel may run modprobe first.
    send: 'writer',
  })
}

/** Encodes the payload of the RTM_NEWLINK that creates a link. */
export function encodeNewLink({ name, kind, mtu, up }: NewLink): Uint8Array {
  const writer = new AttributeWriter(64)
    // A new link has all flags off that the request does not set.
    .raw(encodeLinkHeader(up === true ? { up } : {}))
    .string(IFLA_IFNAME, name)
  if (mtu !== undefined) writer.u32(IFLA_MTU, mtu)
  writer.nested(IFLA_LINKINFO, (info) => info.string(IFLA_INFO_KIND, kind))
  return writer.bytes()
}

/** The changes to a link. Absent fields stay as they are. */
export interface LinkChange {
  readonly up?: boolean | undefined
  /** In bytes. */
  readonly mtu?: number | undefined
  /**
   * Descriptor of the network namespace to move to. It must stay open until the kernel has replied.
   */
  readonly namespace?: number | undefined
}

/**
 * Changes a link. Equal to `ip link set NAME ...`. The kernel first moves it, then changes the MTU,
 * then the flags. It rolls nothing back when one of these fails.
 *
 * @throws {NetlinkError} ENODEV, EINVAL, EPERM, EEXIST (in the other namespace), EADDRINUSE (up),
 * EBUSY
 */
export async function setLink(
  connection: Connection,
  nameOrIndex: string | number,
  change: LinkChange,
  options: ExchangeOptions = {},
): Promise<void> {
  const operation = `set link ${JSON.stringify(nameOrIndex)}`
  await connection.request(RTM_SETLINK, 0, encodeSetLink(nameOrIndex, change), {
    ...options,
    operation,
    // A link that goes down or moves waits for the packets on their way through it.
    send: 'writer',
  })
}

/** Encodes the payload of an RTM_SETLINK. */
export function encodeSetLink(
  nameOrIndex: string | number,
  { up, mtu, namespace }: LinkChange,
): Uint8Array {
  const byIndex = typeof nameOrIndex === 'number'
  const header = encodeLinkHeader({ index: byIndex ? nameOrIndex : 0, up })
  const writer = new AttributeWriter(64).raw(header)
  // With an index, IFLA_IFNAME would be a new name.
  if (!byIndex) writer.string(IFLA_IFNAME, nameOrIndex)
  if (mtu !== undefined) writer.u32(IFLA_MTU, mtu)
  if (namespace !== undefined) writer.u32(IFLA_NET_NS_FD, namespace)
  return writer.bytes()
}

/** Options of {@link deleteLink}. */
export interface DeleteLinkOptions extends ExchangeOptions {
  /**
   * Ends the dumps of the link that this process has open. The kernel waits for them and cannot be
   * interrupted.
   */
  readonly beforeDelete?: ((link: Link) => Promise<void>) | undefined
}

/** The error for a link of another kind than the one to delete. */
export class LinkKindError extends NetlinkError {
  /** The kind of the link; undefined if it has none, as hardware has. */
  readonly actual: string | undefined

  constructor(link: Link, expected: string, operation: string) {
    const kind = link.kind === undefined ? 'without a kind' : `of kind ${JSON.stringify(link.kind)}`
    super(`EOPNOTSUPP, a link ${kind}, expected ${JSON.stringify(expected)}`, {
      code: 'EOPNOTSUPP',
      errno: constants.errno.EOPNOTSUPP,
      kind: 'call',
      operation,
    })
    this.actual = link.kind
  }
}

/**
 * Deletes a link of this kind, found by its name or an alternative name. The kernel deletes any
 * link that it is asked to. Therefore the kind is checked first, and the link is deleted by the
 * index that was checked: another link may have received the name since.
 *
 * Waits as long as any process has a dump of the link open. If the call is given up, the deletion
 * continues in its thread. The caller has a place of `WriterGate.acquireDeletion`.
 *
 * @throws {NetlinkError} ENODEV, EOPNOTSUPP (a LinkKindError), EPERM
 */
export async function deleteLink(
  connection: Connection,
  name: string,
  kind: string,
  { beforeDelete, ...options }: DeleteLinkOptions = {},
): Promise<void> {
  const operation = `delete link ${JSON.stringify(name)}`
  const exchange = { ...options, operation }
  const link = await getLink(connection, name, exchange)
  if (link === undefined) throw messageError(constants.errno.ENODEV, operation)
  if (link.kind !== kind) throw new LinkKindError(link, kind, operation)
  await beforeDelete?.(link)
  await connection.request(RTM_DELLINK, 0, encodeDeleteLink(link.index), {
    ...exchange,
    send: 'deletion',
  })
}

/** Encodes the payload of an RTM_DELLINK. */
export function encodeDeleteLink(index: number): Uint8Array {
  return new AttributeWriter(16).raw(encodeLinkHeader({ index })).bytes()
}
