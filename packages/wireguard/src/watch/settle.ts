import type { AllowedIP, Device, Peer, SecretKey } from 'wireguardcfg'
import { freezePeer } from 'wireguardcfg/internal'
import { isSameEndpoint } from '../same-endpoint.js'

/**
 * Returns a device as it was read, in which each peer that did not change is the same object as
 * before. When nothing changed, it is the device of before. Peers and lists are frozen, because
 * every watcher gets the same.
 */
export function settle(before: Device | undefined, read: Device): Device {
  // A backend that remembers gives the same objects in the same order.
  const isKnown = before !== undefined && isSameList(before.peers, read.peers)
  if (isKnown && isSameDevice(before, read)) return before
  const known = new Map(before?.peers.map((peer) => [peer.publicKey, peer]))
  let isSame = before !== undefined && before.peers.length === read.peers.length
  const peers = read.peers.map((peer) => {
    const old = known.get(peer.publicKey)
    if (old !== undefined && isSamePeer(old, peer)) return old
    isSame = false
    return freezePeer(peer)
  })
  if (isSame && isSameDevice(before!, read)) return before!
  return Object.freeze({ ...read, peers: Object.freeze(peers) })
}

function isSameList(one: readonly Peer[], other: readonly Peer[]): boolean {
  return one.length === other.length && one.every((peer, i) => peer === other[i])
}

function isSameDevice(one: Device, other: Device): boolean {
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

function isSamePeer(one: Peer, other: Peer): boolean {
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
