// The layout that every kernel so far gives the entries of WGDEVICE_A_PEERS
// (drivers/net/wireguard/netlink.c, get_peer and get_allowedips). No document guarantees it, so it
// is tested for and not relied on. Where it is found, seven attributes take the time of one.
import { AF_INET, AF_INET6, NLA_HDRLEN } from '../../netlink/constants.js'
import { LITTLE_ENDIAN } from '../../netlink/endian.js'
import {
  WG_KEY_LEN,
  WGALLOWEDIP_A_CIDR_MASK,
  WGALLOWEDIP_A_FAMILY,
  WGALLOWEDIP_A_IPADDR,
  WGPEER_A_ALLOWEDIPS,
  WGPEER_A_ENDPOINT,
  WGPEER_A_LAST_HANDSHAKE_TIME,
  WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
  WGPEER_A_PRESHARED_KEY,
  WGPEER_A_PROTOCOL_VERSION,
  WGPEER_A_PUBLIC_KEY,
  WGPEER_A_RX_BYTES,
  WGPEER_A_TX_BYTES,
} from '../constants.js'
import { ALLOWED_END, ALLOWED_START, IPV6_MARK } from './table.js'
import { TIMESPEC_LENGTH } from '../structs.js'

const PUBLIC_KEY = headerOf(WGPEER_A_PUBLIC_KEY, WG_KEY_LEN)
const PRESHARED_KEY = headerOf(WGPEER_A_PRESHARED_KEY, WG_KEY_LEN)
const LAST_HANDSHAKE_TIME = headerOf(WGPEER_A_LAST_HANDSHAKE_TIME, TIMESPEC_LENGTH)
const PERSISTENT_KEEPALIVE_INTERVAL = headerOf(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, 2)
const TX_BYTES = headerOf(WGPEER_A_TX_BYTES, 8)
const RX_BYTES = headerOf(WGPEER_A_RX_BYTES, 8)
const PROTOCOL_VERSION = headerOf(WGPEER_A_PROTOCOL_VERSION, 4)

/**
 * Length in bytes of the attributes with which a peer usually begins: all but the endpoint and the
 * allowed IPs, which some peers lack.
 */
export const USUAL_PEER_LENGTH = 132

/** Returns whether the entry of a peer has the usual beginning. */
export function isUsualPeer(view: DataView, at: number, end: number): boolean {
  return (
    end - at >= USUAL_PEER_LENGTH &&
    view.getInt32(at, LITTLE_ENDIAN) === PUBLIC_KEY &&
    view.getInt32(at + 36, LITTLE_ENDIAN) === PRESHARED_KEY &&
    view.getInt32(at + 72, LITTLE_ENDIAN) === LAST_HANDSHAKE_TIME &&
    view.getInt32(at + 92, LITTLE_ENDIAN) === PERSISTENT_KEEPALIVE_INTERVAL &&
    view.getInt32(at + 100, LITTLE_ENDIAN) === TX_BYTES &&
    view.getInt32(at + 112, LITTLE_ENDIAN) === RX_BYTES &&
    view.getInt32(at + 124, LITTLE_ENDIAN) === PROTOCOL_VERSION
  )
}

/**
 * Records the offsets of the attributes of a peer with the usual beginning, and marks its other
 * attributes as absent so far.
 */
export function noteUsualPeer(records: Int32Array, record: number, at: number): void {
  records[record + WGPEER_A_ENDPOINT] = 0
  records[record + WGPEER_A_ALLOWEDIPS] = 0
  records[record + ALLOWED_START] = 0
  records[record + ALLOWED_END] = 0
  records[record + WGPEER_A_PUBLIC_KEY] = at + 4
  records[record + WGPEER_A_PRESHARED_KEY] = at + 40
  records[record + WGPEER_A_LAST_HANDSHAKE_TIME] = at + 76
  records[record + WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL] = at + 96
  records[record + WGPEER_A_TX_BYTES] = at + 104
  records[record + WGPEER_A_RX_BYTES] = at + 116
  records[record + WGPEER_A_PROTOCOL_VERSION] = at + 128
}

const CIDR_MASK = headerOf(WGALLOWEDIP_A_CIDR_MASK, 1)
const FAMILY = headerOf(WGALLOWEDIP_A_FAMILY, 2)
const ADDRESS_V4 = headerOf(WGALLOWEDIP_A_IPADDR, 4)
const ADDRESS_V6 = headerOf(WGALLOWEDIP_A_IPADDR, 16)
const LENGTH_V4 = 28
const LENGTH_V6 = 40

/** Offset of the address in the entry of a usual allowed IP. */
export const USUAL_ADDRESS = 24

/**
 * Returns whether an entry of this length, its header included, is a valid allowed IP of the usual
 * layout.
 */
export function isUsualAllowedIP(view: DataView, at: number, length: number): boolean {
  if (length !== LENGTH_V4 && length !== LENGTH_V6) return false
  const isV6 = length === LENGTH_V6
  return (
    view.getInt32(at + 4, LITTLE_ENDIAN) === CIDR_MASK &&
    view.getInt32(at + 12, LITTLE_ENDIAN) === FAMILY &&
    view.getInt32(at + 20, LITTLE_ENDIAN) === (isV6 ? ADDRESS_V6 : ADDRESS_V4) &&
    view.getUint16(at + 16, LITTLE_ENDIAN) === (isV6 ? AF_INET6 : AF_INET) &&
    view.getUint8(at + 8) <= (isV6 ? 128 : 32)
  )
}

/** Returns the prefix length of a usual allowed IP, in the form of the table. */
export function usualPrefix(view: DataView, at: number, length: number): number {
  return view.getUint8(at + 8) + (length === LENGTH_V6 ? IPV6_MARK : 0)
}

/** Returns an attribute header as one number in host byte order. */
function headerOf(type: number, payload: number): number {
  const length = NLA_HDRLEN + payload
  return LITTLE_ENDIAN ? (type << 16) | length : (length << 16) | type
}
