import { AttributeWriter } from '../netlink/attribute-writer.js'
import type { Connection } from '../netlink/connection.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { IFLA_IFNAME, IFLA_MTU, IFLA_NET_NS_FD, RTM_SETLINK } from './constants.js'
import { encodeLinkHeader } from './link-header.js'

/** What to change of a link; what is absent stays. */
export interface LinkChange {
  readonly up?: boolean | undefined
  /** In bytes. */
  readonly mtu?: number | undefined
  /** Descriptor of the network namespace to move to; it must stay open until the kernel has answered. */
  readonly namespace?: number | undefined
}

/**
 * Changes a link. Equal to `ip link set NAME ...`. The kernel moves it first, then changes the MTU, then the flags, and takes nothing
 * back when one of them fails.
 *
 * @throws {NetlinkError} ENODEV, EINVAL, EPERM, EEXIST (in the other namespace), EADDRINUSE (up), EBUSY
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
