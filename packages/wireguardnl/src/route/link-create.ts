import { AttributeWriter } from '../netlink/attribute-writer.js'
import type { Connection } from '../netlink/connection.js'
import { NLM_F_CREATE, NLM_F_EXCL } from '../netlink/constants.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { IFLA_IFNAME, IFLA_INFO_KIND, IFLA_LINKINFO, IFLA_MTU, RTM_NEWLINK } from './constants.js'
import { encodeLinkHeader } from './link-header.js'

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
 * Makes a link. Equal to `ip link add NAME type KIND`. Without NLM_F_EXCL, the kernel would call it a success that there is
 * another link of this name, of whatever kind.
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
