import type { AllowedIP } from '../model/allowed-ip.js'
import type { CheckedDeviceConfig, CheckedPeerConfig } from '../model/config.js'
import type { Device } from '../model/device.js'
import { type PublicKey, SecretKey } from '../model/key.js'

/** True when a configuration asks for the removal of single allowed IPs that could exist. */
export function removesAllowedIPs(config: CheckedDeviceConfig): boolean {
  return config.replacePeers !== true && (config.peers ?? []).some(removesSome)
}

/** True when this peer's entry asks for the removal of single allowed IPs that could exist. */
export function removesSome(peer: CheckedPeerConfig): boolean {
  // A replaced list holds nothing but what is added, and both may not name the same range.
  return (
    peer.remove !== true &&
    peer.replaceAllowedIPs !== true &&
    (peer.removeAllowedIPs ?? []).length > 0
  )
}

/** A configuration without `removeAllowedIPs`, and the throw-away peer that does its work. */
export interface TemporaryPeerMove {
  /** What to send. */
  readonly config: CheckedDeviceConfig
  /** `undefined` when nothing had to be moved. */
  readonly temporaryPeer: PublicKey | undefined
}

/**
 * The removal of single allowed IPs for implementations that cannot do it: a temporary peer takes
 * the ranges over and is removed, so that the peer's other ranges never miss a packet. Only ranges
 * that the peer has in `device`, read just before, are moved: those of another peer stay where they
 * are. The moves come before everything else, which gives the same device as removing in place,
 * because a range cannot be added to and removed from one peer at once.
 */
export function moveToTemporaryPeer(
  config: CheckedDeviceConfig,
  device: Device,
): TemporaryPeerMove {
  const owned = new Map(device.peers.map((peer) => [peer.publicKey, peer.allowedIPs]))
  const moved: AllowedIP[] = []
  const peers: CheckedPeerConfig[] = []
  for (const peer of config.peers ?? []) {
    const { removeAllowedIPs = [], ...rest } = peer
    peers.push(rest)
    if (config.replacePeers === true || !removesSome(peer)) continue
    const has = new Set(owned.get(peer.publicKey))
    // Not push(...): a peer may have more ranges than the stack has room for. Deleting skips what
    // is named twice.
    for (const allowedIP of removeAllowedIPs) if (has.delete(allowedIP)) moved.push(allowedIP)
  }
  if (moved.length === 0) return { config: { ...config, peers }, temporaryPeer: undefined }
  const temporaryPeer = SecretKey.generatePrivate().publicKey()
  return {
    config: {
      ...config,
      peers: [
        { publicKey: temporaryPeer, allowedIPs: moved },
        { publicKey: temporaryPeer, remove: true },
        ...peers,
      ],
    },
    temporaryPeer,
  }
}
