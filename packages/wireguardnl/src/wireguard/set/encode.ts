import { AF_INET, AF_INET6 } from '../../netlink/constants.js'
import {
  type CheckedDeviceConfig,
  type CheckedPeerConfig,
  readAllowedIP,
} from 'wireguardcfg/backend'
import type { AttributeWriter } from '../../netlink/attribute-writer.js'
import {
  WG_KEY_LEN,
  WGALLOWEDIP_A_CIDR_MASK,
  WGALLOWEDIP_A_FAMILY,
  WGALLOWEDIP_A_FLAGS,
  WGALLOWEDIP_A_IPADDR,
  WGALLOWEDIP_F_REMOVE_ME,
  WGDEVICE_A_FLAGS,
  WGDEVICE_A_FWMARK,
  WGDEVICE_A_IFINDEX,
  WGDEVICE_A_IFNAME,
  WGDEVICE_A_LISTEN_PORT,
  WGDEVICE_A_PRIVATE_KEY,
  WGDEVICE_F_REPLACE_PEERS,
  WGPEER_A_ENDPOINT,
  WGPEER_A_FLAGS,
  WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
  WGPEER_A_PRESHARED_KEY,
  WGPEER_A_PUBLIC_KEY,
  WGPEER_F_REMOVE_ME,
  WGPEER_F_REPLACE_ALLOWEDIPS,
  WGPEER_F_UPDATE_ONLY,
} from '../constants.js'
import { encodeSockaddr, type Zones } from '../structs.js'

/** Writes the attribute that selects the device: its name or its index. */
export function writeSelector(writer: AttributeWriter, device: string | number): void {
  if (typeof device === 'string') writer.string(WGDEVICE_A_IFNAME, device)
  else writer.u32(WGDEVICE_A_IFINDEX, device)
}

/** Writes the fields and flags of the device itself, which only the first message has. */
export function writeDeviceFields(writer: AttributeWriter, config: CheckedDeviceConfig): void {
  if (config.privateKey !== undefined) {
    // The kernel compares before it clamps: an unclamped copy of the current key would end every
    // session.
    writeSecret(writer, WGDEVICE_A_PRIVATE_KEY, config.privateKey?.clamped().bytes())
  }
  if (config.listenPort !== undefined) writer.u16(WGDEVICE_A_LISTEN_PORT, config.listenPort)
  if (config.firewallMark !== undefined) writer.u32(WGDEVICE_A_FWMARK, config.firewallMark)
  if (config.replacePeers === true) writer.u32(WGDEVICE_A_FLAGS, WGDEVICE_F_REPLACE_PEERS)
}

/** Writes the attributes of a peer's first entry, except its allowed IPs. */
export function writePeer(writer: AttributeWriter, peer: CheckedPeerConfig, zones: Zones): void {
  writer.base64(WGPEER_A_PUBLIC_KEY, peer.publicKey, WG_KEY_LEN)
  if (peer.remove === true) {
    writer.u32(WGPEER_A_FLAGS, WGPEER_F_REMOVE_ME)
    return
  }
  const flags =
    (peer.replaceAllowedIPs === true ? WGPEER_F_REPLACE_ALLOWEDIPS : 0) |
    (peer.updateOnly === true ? WGPEER_F_UPDATE_ONLY : 0)
  if (peer.presharedKey !== undefined) {
    writeSecret(writer, WGPEER_A_PRESHARED_KEY, peer.presharedKey?.bytes())
  }
  if (peer.endpoint !== undefined) {
    writer.blob(WGPEER_A_ENDPOINT, encodeSockaddr(peer.endpoint, zones))
  }
  if (peer.persistentKeepalive !== undefined) {
    writer.u16(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, peer.persistentKeepalive)
  }
  if (flags !== 0) writer.u32(WGPEER_A_FLAGS, flags)
}

/**
 * Writes the attributes of an entry that adds more allowed IPs to the previous peer. It has no flag
 * that clears the list. WGPEER_F_UPDATE_ONLY ensures that a peer that another process has removed
 * since is not created again.
 */
export function writeContinuation(writer: AttributeWriter, peer: CheckedPeerConfig): void {
  writer.base64(WGPEER_A_PUBLIC_KEY, peer.publicKey, WG_KEY_LEN)
  writer.u32(WGPEER_A_FLAGS, WGPEER_F_UPDATE_ONLY)
}

/** Writes an entry of a list of allowed IPs: one to add, or one to remove (since Linux 6.16). */
export function writeAllowedIP(writer: AttributeWriter, allowedIP: string, remove: boolean): void {
  const { address, length, prefixLength } = readAllowedIP(allowedIP)
  const entry = writer.begin(0)
  writer.u16(WGALLOWEDIP_A_FAMILY, length === 4 ? AF_INET : AF_INET6)
  writer.blob(WGALLOWEDIP_A_IPADDR, address, length)
  writer.u8(WGALLOWEDIP_A_CIDR_MASK, prefixLength)
  if (remove) writer.u32(WGALLOWEDIP_A_FLAGS, WGALLOWEDIP_F_REMOVE_ME)
  writer.end(entry)
}

/** Writes 32 bytes and then zeroes them. Without bytes, writes the zeros that clear a key. */
function writeSecret(
  writer: AttributeWriter,
  type: number,
  bytes: Uint8Array = new Uint8Array(WG_KEY_LEN),
): void {
  writer.blob(type, bytes)
  bytes.fill(0)
}
