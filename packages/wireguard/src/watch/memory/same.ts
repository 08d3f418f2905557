import type { AllowedIP, Device, Peer, SecretKey } from 'wireguardcfg'
import { isSameEndpoint } from '../../same-endpoint.js'

/** Compares devices without their peers. */
export function isSameDevice(one: Device, other: Device): boolean {
  return (
    one.name === other.name &&
    one.backend === other.backend &&
    one.index === other.index &&
    one.publicKey === other.publicKey &&
    one.listenPort === other.listenPort &&
    one.firewallMark === other.firewallMark &&
    isSameSecret(one.privateKey, other.privateKey)
  )
}

/** Compares everything of two peers. */
export function isSamePeer(one: Peer, other: Peer): boolean {
  return (
    one.receiveBytes === other.receiveBytes &&
    one.transmitBytes === other.transmitBytes &&
    one.lastHandshake?.getTime() === other.lastHandshake?.getTime() &&
    one.persistentKeepalive === other.persistentKeepalive &&
    one.protocolVersion === other.protocolVersion &&
    isSameEndpoint(one.endpoint, other.endpoint) &&
    isSameSet(one.allowedIPs, other.allowedIPs) &&
    isSameSecret(one.presharedKey, other.presharedKey)
  )
}

/** Absent secrets are the same. */
export function isSameSecret(one: SecretKey | undefined, other: SecretKey | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other)
}

/** The order of allowed IPs is that of a tree of the device, and means nothing. */
export function isSameSet(one: readonly AllowedIP[], other: readonly AllowedIP[]): boolean {
  if (one.length !== other.length) return false
  if (one.every((allowedIP, i) => allowedIP === other[i])) return true
  const known = new Set(one)
  return other.every((allowedIP) => known.has(allowedIP))
}
