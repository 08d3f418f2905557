import type { AllowedIP } from '../model/allowed-ip.js'
import type { CheckedDeviceConfig, CheckedPeerConfig } from '../model/config.js'
import type { Device } from '../model/device.js'
import { type PublicKey, SecretKey } from '../model/key.js'

/** Returns whether a configuration removes single allowed IPs that could exist. */
export function removesAllowedIPs(config: CheckedDeviceConfig): boolean {
  return config.replacePeers !== true && (config.peers ?? []).some(removesSome)
}

/** Returns whether the configuration of a peer removes single allowed IPs that could exist. */
export function removesSome(peer: CheckedPeerConfig): boolean {
  // A replaced list holds only what is added, and no allowed IP may be in both lists.
  return (
    peer.remove !== true &&
    peer.replaceAllowedIPs !== true &&
    (peer.removeAllowedIPs ?? []).length > 0
  )
}

/** A configuration without `removeAllowedIPs`, and the temporary peer that takes its place. */
export interface TemporaryPeerMove {
  /** What to send. */
  readonly config: CheckedDeviceConfig
  /** `undefined` when nothing had to be moved. */
  readonly temporaryPeer: PublicKey | undefined
}

/**
 * Rewrites the removal of single allowed IPs for implementations that do not support it. A
 * temporary peer takes over the allowed IPs and is then removed, so that the peer's other allowed
 * IPs never lose a packet. Only allowed IPs that the peer has in `device` are moved; the caller
 * reads the device just before. Those of another peer stay where they are.
 *
 * The moves come before everything else. The result is the same as removing in place, because one
 * configuration cannot both add an allowed IP to a peer and remove it.
 *
 * @example
 * ```ts
 * if (removesAllowedIPs(checked)) {
 *   checked = moveToTemporaryPeer(checked, await this.device(name)).config
 * }
 * ```
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
    // Not push(...), because a peer may have more allowed IPs than the stack has room for. Deleting
    // from the set skips what is named twice.
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
