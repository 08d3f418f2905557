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
  /** How many of the last peers of `config` are entries of the temporary peer. */
  readonly entries: number
}

/**
 * How many allowed IPs one entry of the temporary peer takes over. With its removal, the entry fits
 * into one netlink message of 16 KiB and into one write to a socket.
 */
const MOST_MOVED = 400

/**
 * Rewrites the removal of single allowed IPs for implementations that do not support it. A
 * temporary peer takes over the allowed IPs and is then removed, so that the peer's other allowed
 * IPs never lose a packet. Only allowed IPs that the peer has in `device` are moved; the caller
 * reads the device just before. Those of another peer stay where they are.
 *
 * The temporary peer takes over some hundred allowed IPs at a time, and each time the next entry
 * removes it. Send the two entries together, in one message: a program that is killed then leaves
 * no peer behind that swallows packets.
 *
 * The moves come last: when a wider allowed IP takes the place of a narrower one, or the other way
 * round, no packet is lost in between. What the configuration gives to another peer is moved by
 * that already.
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
  const own: CheckedPeerConfig[] = []
  const removing: CheckedPeerConfig[] = []
  for (const peer of config.peers ?? []) {
    const { removeAllowedIPs: _removed, ...rest } = peer
    own.push(rest)
    if (config.replacePeers !== true && removesSome(peer)) removing.push(peer)
  }
  const moved = movedAllowedIPs(removing, owned, addedAllowedIPs(own, owned))
  if (moved.length === 0) {
    return { config: { ...config, peers: own }, temporaryPeer: undefined, entries: 0 }
  }
  const publicKey = SecretKey.generatePrivate().publicKey()
  const peers = [...own]
  for (let i = 0; i < moved.length; i += MOST_MOVED) {
    peers.push({ publicKey, allowedIPs: moved.slice(i, i + MOST_MOVED) })
    peers.push({ publicKey, remove: true })
  }
  const entries = peers.length - own.length
  return { config: { ...config, peers }, temporaryPeer: publicKey, entries }
}

type Owned = ReadonlyMap<PublicKey, readonly AllowedIP[]>

/** Returns the allowed IPs to remove that the peers have, each once. */
function movedAllowedIPs(
  removing: readonly CheckedPeerConfig[],
  owned: Owned,
  added: ReadonlySet<AllowedIP>,
): AllowedIP[] {
  const moved: AllowedIP[] = []
  for (const { publicKey, removeAllowedIPs = [] } of removing) {
    const has = new Set(owned.get(publicKey))
    // Not push(...), because a peer may have more allowed IPs than the stack has room for. Deleting
    // from the set skips what is named twice.
    for (const allowedIP of removeAllowedIPs) {
      if (has.delete(allowedIP) && !added.has(allowedIP)) moved.push(allowedIP)
    }
  }
  return moved
}

/** Returns what peers get. An entry that only updates an unknown peer gives it nothing. */
function addedAllowedIPs(peers: readonly CheckedPeerConfig[], owned: Owned): Set<AllowedIP> {
  const added = new Set<AllowedIP>()
  for (const { publicKey, remove, updateOnly, allowedIPs = [] } of peers) {
    if (remove === true || (updateOnly === true && !owned.has(publicKey))) continue
    for (const allowedIP of allowedIPs) added.add(allowedIP)
  }
  return added
}

/**
 * Returns whether this entry of a list and the next are one move of {@link moveToTemporaryPeer}:
 * the next removes the peer that this one adds. Send both in one message.
 */
export function isMove(peers: readonly CheckedPeerConfig[], i: number): boolean {
  const peer = peers[i]
  const next = peers[i + 1]
  return (
    next?.remove === true &&
    next.publicKey === peer?.publicKey &&
    peer.remove !== true &&
    peer.removeAllowedIPs === undefined &&
    (peer.allowedIPs ?? []).length <= MOST_MOVED
  )
}
