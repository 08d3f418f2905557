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

/** A link to make. */
export interface NewLink {
  /** The kernel takes `%d` in it for a number to fill in: whoever calls this has checked it. */
  readonly name: string
  /** 'wireguard', 'dummy' ... The kernel loads the module of the kind. */
  readonly kind: string
  /** In bytes; absent: the kind's own choice. */
  readonly mtu?: number | undefined
  /** Absent: false. */
  readonly up?: boolean | undefined
}

/**
 * Makes a link. Equal to `ip link add NAME type KIND`. Without NLM_F_EXCL, the kernel would call it
 * a success that there is another link of this name, of whatever kind.
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

/** Payload of the RTM_NEWLINK that makes a link. */
export function encodeNewLink({ name, kind, mtu, up }: NewLink): Uint8Array {
  const writer = new AttributeWriter(64)
    // A flag that is not asked for is off in a new link.
    .raw(encodeLinkHeader(up === true ? { up } : {}))
    .string(IFLA_IFNAME, name)
  if (mtu !== undefined) writer.u32(IFLA_MTU, mtu)
  writer.nested(IFLA_LINKINFO, (info) => info.string(IFLA_INFO_KIND, kind))
  return writer.bytes()
}

/** What to change of a link; what is absent stays. */
export interface LinkChange {
  readonly up?: boolean | undefined
  /** In bytes. */
  readonly mtu?: number | undefined
  /**
   * Descriptor of the network namespace to move to; it must stay open until the kernel has
   * answered.
   */
  readonly namespace?: number | undefined
}

/**
 * Changes a link. Equal to `ip link set NAME ...`. The kernel moves it first, then changes the MTU,
 * then the flags, and takes nothing back when one of them fails.
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
    // Going down, and moving, wait for what is on its way through the link.
    send: 'writer',
  })
}

/** Payload of a RTM_SETLINK. */
export function encodeSetLink(
  nameOrIndex: string | number,
  { up, mtu, namespace }: LinkChange,
): Uint8Array {
  const byIndex = typeof nameOrIndex === 'number'
  const header = encodeLinkHeader({ index: byIndex ? nameOrIndex : 0, up })
  const writer = new AttributeWriter(64).raw(header)
  // With an index, this would be a new name.
  if (!byIndex) writer.string(IFLA_IFNAME, nameOrIndex)
  if (mtu !== undefined) writer.u32(IFLA_MTU, mtu)
  if (namespace !== undefined) writer.u32(IFLA_NET_NS_FD, namespace)
  return writer.bytes()
}

/** Options of {@link deleteLink}. */
export interface DeleteLinkOptions extends ExchangeOptions {
  /**
   * Ends the dumps of the link that this process may still have open: the kernel waits for them,
   * and cannot be interrupted.
   */
  readonly beforeDelete?: ((link: Link) => Promise<void>) | undefined
}

/** The link is of another kind than the one to delete. */
export class LinkKindError extends NetlinkError {
  /** Its kind; undefined: none, as for hardware. */
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
 * Deletes a link of this kind, found by its name (or an alternative one). The kernel deletes
 * whatever it is told to, so the kind is looked at first, and what is deleted is the index that was
 * looked at: a name may have gone to another link meanwhile.
 *
 * Waits as long as somebody has a dump of the link open. When it is given up, the deletion goes on
 * in its thread.
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
    send: 'thread',
  })
}

/** Payload of a RTM_DELLINK. */
export function encodeDeleteLink(index: number): Uint8Array {
  return new AttributeWriter(16).raw(encodeLinkHeader({ index })).bytes()
}
