// What rtnetlink does to the links of a FakeSystem: creates, changes and deletes them, and their
// addresses.
import { AttributeReader } from '../../packages/wireguardnl/src/netlink/attribute-reader.js'
import { NLM_F_EXCL } from '../../packages/wireguardnl/src/netlink/constants.js'
import { LITTLE_ENDIAN, viewOf } from '../../packages/wireguardnl/src/netlink/endian.js'
import {
  IFF_UP,
  IFINFOMSG_LENGTH,
  IFLA_IFNAME,
  IFLA_MTU,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_GETADDR,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_SETLINK,
} from '../../packages/wireguardnl/src/route/constants.js'
import { errorAck, type FakeRequest, multipart } from './kernel.js'

const ENODEV = 19
const EEXIST = 17
const EOPNOTSUPP = 95
const EADDRNOTAVAIL = 99

/** The state of a link, whatever its kind. */
export interface FakeLink {
  up: boolean
  mtu: number
  /** The payloads of the RTM_NEWADDR messages that added them. */
  readonly addresses: Uint8Array[]
}

/** The links of a kernel, for {@link changeLinks}. */
export interface FakeLinks {
  /** The names by their index, which counts from 1. */
  names(): readonly string[]
  link(name: string): FakeLink
  add(name: string): unknown
  remove(name: string): void
}

/** Returns the kernel's reply to a request of rtnetlink that is no RTM_GETLINK. */
export function changeLinks(links: FakeLinks, request: FakeRequest): readonly Uint8Array[] {
  switch (request.type) {
    case RTM_NEWLINK:
    case RTM_SETLINK:
      return [errorAck(request, setLink(links, request))]
    case RTM_DELLINK: {
      const name = byIndex(links, request)
      if (name !== undefined) links.remove(name)
      return [errorAck(request, name === undefined ? ENODEV : 0)]
    }
    case RTM_GETADDR: {
      const name = byIndex(links, request)
      const addresses = name === undefined ? [] : links.link(name).addresses
      return multipart(request, addresses, { type: RTM_NEWADDR })
    }
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return [errorAck(request, setAddress(links, request))]
    default:
      return [errorAck(request, EOPNOTSUPP)]
  }
}

function setLink(links: FakeLinks, { type, flags, payload }: FakeRequest): number {
  let name: string | undefined
  let mtu: number | undefined
  for (const a = new AttributeReader(payload, IFINFOMSG_LENGTH); a.next();) {
    if (a.type === IFLA_IFNAME) name = a.string()
    if (a.type === IFLA_MTU) mtu = a.u32()
  }
  const view = viewOf(payload)
  name ??= links.names()[view.getInt32(4, LITTLE_ENDIAN) - 1]
  const exists = name !== undefined && links.names().includes(name)
  if (type === RTM_NEWLINK && exists && (flags & NLM_F_EXCL) !== 0) return EEXIST
  if (name === undefined || (type === RTM_SETLINK && !exists)) return ENODEV
  if (!exists) links.add(name)
  const link = links.link(name)
  link.mtu = mtu ?? link.mtu
  if ((view.getUint32(12, LITTLE_ENDIAN) & IFF_UP) !== 0) {
    link.up = (view.getUint32(8, LITTLE_ENDIAN) & IFF_UP) !== 0
  }
  return 0
}

function setAddress(links: FakeLinks, request: FakeRequest): number {
  const name = byIndex(links, request)
  if (name === undefined) return ENODEV
  const { addresses } = links.link(name)
  const payload = Buffer.from(request.payload)
  const at = addresses.findIndex((address) => payload.equals(address))
  if (request.type === RTM_DELADDR) {
    if (at < 0) return EADDRNOTAVAIL
    addresses.splice(at, 1)
    return 0
  }
  if (at >= 0) return EEXIST
  addresses.push(payload)
  return 0
}

/** Both ifinfomsg and ifaddrmsg have the index in their second word. */
function byIndex(links: FakeLinks, { payload }: FakeRequest): string | undefined {
  return links.names()[viewOf(payload).getInt32(4, LITTLE_ENDIAN) - 1]
}
