import type { AllowedIP } from '../../model/allowed-ip.js'
import { type Device, type Peer, emptyPeer } from '../../model/device.js'
import type { Endpoint } from '../../model/endpoint.js'
import { KEY_LENGTH, type PublicKey, publicKeyFromBytes, SecretKey } from '../../model/key.js'
import { claimPort, releasePort } from './ports.js'

/** A device holds at most this many peers (`MaxPeers` of wireguard-go's device/constants.go). */
export const MAX_PEERS = 65_536

/** One peer of a {@link DeviceState}. Unset values are as in `Peer`. */
export interface PeerState {
  readonly publicKey: PublicKey
  presharedKey: SecretKey | undefined
  endpoint: Endpoint | undefined
  persistentKeepalive: number
  lastHandshake: Date | undefined
  receiveBytes: number | bigint
  transmitBytes: number | bigint
  /**
   * In the order in which they were last added. Only the device may change them, because it knows
   * the owner of each allowed IP.
   */
  readonly allowedIPs: Set<AllowedIP>
}

/**
 * The state of the simulated device. It behaves as wireguard-go's device package does, without
 * packets.
 */
export class DeviceState {
  readonly #peers = new Map<PublicKey, PeerState>()
  readonly #owners = new Map<AllowedIP, PeerState>()
  #privateKey: SecretKey | undefined
  // All zero until a private key is set, as in wireguard-go. Until then a peer with the all-zero
  // key is ignored.
  #ownKey: PublicKey = publicKeyFromBytes(new Uint8Array(KEY_LENGTH))
  #listenPort = 0

  /** The mark on outgoing packets; 0 means off. */
  firewallMark = 0

  /** The private key, clamped; `undefined` when none is set. */
  get privateKey(): SecretKey | undefined {
    return this.#privateKey
  }

  /** The listen port; 0 when none was requested, or when the last one requested was in use. */
  get listenPort(): number {
    return this.#listenPort
  }

  /** Returns the peers in the order of their creation. */
  peers(): Iterable<PeerState> {
    return this.#peers.values()
  }

  /** Returns the peer of a public key; `undefined` when there is none. */
  peer(publicKey: PublicKey): PeerState | undefined {
    return this.#peers.get(publicKey)
  }

  /** Sets or removes the private key. Removes the peer whose key is now this device's own. */
  setPrivateKey(bytes: Uint8Array): void {
    const key = SecretKey.view(bytes, 0)
    const next = bytes.every((byte) => byte === 0) ? undefined : key.clamped()
    if (next === undefined ? this.#privateKey === undefined : next.equals(this.#privateKey)) return
    this.#privateKey = next
    // Also without a private key: wireguard-go then computes it from zeros.
    this.#ownKey = key.publicKey()
    this.removePeer(this.#ownKey)
  }

  /** Returns whether a public key is this device's own. */
  isOwnKey(publicKey: PublicKey): boolean {
    return publicKey === this.#ownKey
  }

  /**
   * Changes the port, for 0 to any free one. Returns false when it is in use; the device then has
   * no port, as after a failed bind.
   */
  setListenPort(port: number): boolean {
    releasePort(this.#listenPort)
    this.#listenPort = claimPort(port)
    return this.#listenPort !== 0
  }

  /** Creates a peer that does not exist. Returns `undefined` when there are too many. */
  createPeer(publicKey: PublicKey): PeerState | undefined {
    if (this.#peers.size >= MAX_PEERS) return undefined
    const peer = newPeer(publicKey)
    this.#peers.set(publicKey, peer)
    return peer
  }

  /** Removes a peer and its allowed IPs, if it exists. */
  removePeer(publicKey: PublicKey): void {
    const peer = this.#peers.get(publicKey)
    if (peer === undefined) return
    this.clearAllowedIPs(peer)
    this.#peers.delete(publicKey)
  }

  /** Removes every peer. */
  removeAllPeers(): void {
    this.#peers.clear()
    this.#owners.clear()
  }

  /** Adds an allowed IP to the end of a peer's list, and removes it from the peer that has it. */
  addAllowedIP(peer: PeerState, allowedIP: AllowedIP): void {
    this.#owners.get(allowedIP)?.allowedIPs.delete(allowedIP)
    this.#owners.set(allowedIP, peer)
    peer.allowedIPs.add(allowedIP)
  }

  /** Removes an allowed IP from a peer, if it has it. */
  removeAllowedIP(peer: PeerState, allowedIP: AllowedIP): void {
    if (peer.allowedIPs.delete(allowedIP)) this.#owners.delete(allowedIP)
  }

  /** Removes every allowed IP from a peer. */
  clearAllowedIPs(peer: PeerState): void {
    for (const allowedIP of peer.allowedIPs) this.#owners.delete(allowedIP)
    peer.allowedIPs.clear()
  }

  /** Returns the current state in the types of the model. */
  snapshot(name: string): Device {
    return {
      name,
      backend: 'userspace',
      index: undefined,
      privateKey: this.#privateKey,
      publicKey: this.#privateKey?.publicKey(),
      listenPort: this.#listenPort,
      firewallMark: this.firewallMark,
      peers: Array.from(this.#peers.values(), peerSnapshot),
    }
  }

  /** Releases the port. */
  close(): void {
    releasePort(this.#listenPort)
    this.#listenPort = 0
  }
}

/** Returns a peer without values that belongs to no device. */
export function newPeer(publicKey: PublicKey): PeerState {
  return { ...emptyPeer(publicKey), allowedIPs: new Set() }
}

function peerSnapshot(peer: PeerState): Peer {
  return {
    publicKey: peer.publicKey,
    presharedKey: peer.presharedKey,
    endpoint: peer.endpoint && { ...peer.endpoint },
    persistentKeepalive: peer.persistentKeepalive,
    lastHandshake: peer.lastHandshake && new Date(peer.lastHandshake),
    receiveBytes: Number(peer.receiveBytes),
    transmitBytes: Number(peer.transmitBytes),
    allowedIPs: [...peer.allowedIPs],
    protocolVersion: 1,
  }
}
