import type { AllowedIP } from '../../model/allowed-ip.js'
import type { Device, Peer } from '../../model/device.js'
import type { Endpoint } from '../../model/endpoint.js'
import { KEY_LENGTH, type PublicKey, publicKeyFromBytes, SecretKey } from '../../model/key.js'
import { claimPort, releasePort } from './ports.js'

/** A device holds at most this many peers (`MaxPeers` of wireguard-go's device/constants.go). */
export const MAX_PEERS = 65_536

/** One peer of a {@link DeviceState}. Absent values as in `Peer`. */
export interface PeerState {
  readonly publicKey: PublicKey
  presharedKey: SecretKey | undefined
  endpoint: Endpoint | undefined
  persistentKeepalive: number
  lastHandshake: Date | undefined
  receiveBytes: number | bigint
  transmitBytes: number | bigint
  /**
   * In the order of their last addition. Changed through the device alone, which knows the owner of
   * each range.
   */
  readonly allowedIPs: Set<AllowedIP>
}

/**
 * The device behind the socket, with the effects of wireguard-go's device package and none of its
 * packets.
 */
export class DeviceState {
  readonly #peers = new Map<PublicKey, PeerState>()
  readonly #owners = new Map<AllowedIP, PeerState>()
  #privateKey: SecretKey | undefined
  // All zero until a private key was set, as in wireguard-go: so is a peer with that key ignored
  // until then.
  #ownKey: PublicKey = publicKeyFromBytes(new Uint8Array(KEY_LENGTH))
  #listenPort = 0

  /** The mark on outgoing packets; 0: off. */
  firewallMark = 0

  /** Clamped; `undefined`: none. */
  get privateKey(): SecretKey | undefined {
    return this.#privateKey
  }

  /** 0: none was asked for, or the last one asked for was taken. */
  get listenPort(): number {
    return this.#listenPort
  }

  /** In the order of their creation. */
  peers(): Iterable<PeerState> {
    return this.#peers.values()
  }

  /** `undefined`: not known. */
  peer(publicKey: PublicKey): PeerState | undefined {
    return this.#peers.get(publicKey)
  }

  /** Sets the private key, or removes it, and removes a peer that has become this device itself. */
  setPrivateKey(bytes: Uint8Array): void {
    const key = SecretKey.view(bytes, 0)
    const next = bytes.every((byte) => byte === 0) ? undefined : key.clamped()
    if (next === undefined ? this.#privateKey === undefined : next.equals(this.#privateKey)) return
    this.#privateKey = next
    // Of no key too: wireguard-go computes it from zeros all the same.
    this.#ownKey = key.publicKey()
    this.removePeer(this.#ownKey)
  }

  /** True for this device's own public key. */
  isOwnKey(publicKey: PublicKey): boolean {
    return publicKey === this.#ownKey
  }

  /**
   * Moves to another port, any free one for 0. False when it is taken: then no port is left, as
   * after a failed bind.
   */
  setListenPort(port: number): boolean {
    releasePort(this.#listenPort)
    this.#listenPort = claimPort(port)
    return this.#listenPort !== 0
  }

  /** A new peer; `undefined` when there are too many. The caller knows that it does not exist. */
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

  /** Gives a range to a peer, as its last one, and takes it from the peer that has it. */
  addAllowedIP(peer: PeerState, allowedIP: AllowedIP): void {
    this.#owners.get(allowedIP)?.allowedIPs.delete(allowedIP)
    this.#owners.set(allowedIP, peer)
    peer.allowedIPs.add(allowedIP)
  }

  /** Takes a range from a peer, if it has it. */
  removeAllowedIP(peer: PeerState, allowedIP: AllowedIP): void {
    if (peer.allowedIPs.delete(allowedIP)) this.#owners.delete(allowedIP)
  }

  /** Takes every range from a peer. */
  clearAllowedIPs(peer: PeerState): void {
    for (const allowedIP of peer.allowedIPs) this.#owners.delete(allowedIP)
    peer.allowedIPs.clear()
  }

  /** What it is now, in the model. */
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

  /** Gives back what other devices of the process may want: the port. */
  close(): void {
    releasePort(this.#listenPort)
    this.#listenPort = 0
  }
}

/** A peer of no device: what is written to it is lost. */
export function newPeer(publicKey: PublicKey): PeerState {
  return {
    publicKey,
    presharedKey: undefined,
    endpoint: undefined,
    persistentKeepalive: 0,
    lastHandshake: undefined,
    receiveBytes: 0,
    transmitBytes: 0,
    allowedIPs: new Set(),
  }
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
