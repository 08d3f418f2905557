import type { AllowedIP } from './allowed-ip.js'
import type { Endpoint } from './endpoint.js'
import type { PublicKey, SecretKey } from './key.js'

/** What implements WireGuard for an interface. */
export type BackendKind = 'kernel' | 'userspace'

/** The state of a WireGuard interface as it was read. Every field is present. */
export interface Device {
  /** The interface name. */
  readonly name: string
  /** What implements it: the kernel, or a program that answers on a unix socket. */
  readonly backend: BackendKind
  /** The kernel's interface index; `undefined` for a userspace device. */
  readonly index: number | undefined
  /** `undefined` when none is set, or when the backend does not report it (boringtun). */
  readonly privateKey: SecretKey | undefined
  /** `undefined` when no private key is set. */
  readonly publicKey: PublicKey | undefined
  /** UDP port; 0 when none is bound yet. */
  readonly listenPort: number
  /** The mark on outgoing packets, 32 bits; 0 means off. */
  readonly firewallMark: number
  /**
   * The peers in the order of the backend. The kernel returns the order of creation, wireguard-go
   * another order at every read.
   */
  readonly peers: readonly Peer[]
}

/** A peer as it was read. Every field is present. */
export interface Peer {
  /** Identifies the peer: a device has one peer of each key. */
  readonly publicKey: PublicKey
  /** `undefined` when none is set. */
  readonly presharedKey: SecretKey | undefined
  /** Where the peer was last seen, or as configured; `undefined` when unknown. */
  readonly endpoint: Endpoint | undefined
  /** Seconds between keepalive packets; 0 means off. */
  readonly persistentKeepalive: number
  /** `undefined` when there was none. It is never the epoch. */
  readonly lastHandshake: Date | undefined
  /** Bytes received from the peer. Exact up to 2^53, above that the nearest number. */
  readonly receiveBytes: number
  /** Bytes sent to the peer. Exact up to 2^53, above that the nearest number. */
  readonly transmitBytes: number
  /** The allowed IPs in the order of the backend. */
  readonly allowedIPs: readonly AllowedIP[]
  /** The version of WireGuard's protocol; 1 in every implementation so far. */
  readonly protocolVersion: number
}

/** A peer while it is read. */
export type PeerDraft = { -readonly [Field in keyof Peer]: Peer[Field] }

/** Returns a peer of which only the public key is known. */
export function emptyPeer(publicKey: PublicKey): PeerDraft {
  return {
    publicKey,
    presharedKey: undefined,
    endpoint: undefined,
    persistentKeepalive: 0,
    lastHandshake: undefined,
    receiveBytes: 0,
    transmitBytes: 0,
    allowedIPs: NO_ALLOWED_IPS,
    protocolVersion: 1,
  }
}

/** Freezes a peer with its endpoint and its list, because several share it. Returns the peer. */
export function freezePeer<P extends Peer>(peer: P): P {
  if (Object.isFrozen(peer)) return peer
  if (peer.endpoint !== undefined) Object.freeze(peer.endpoint)
  Object.freeze(peer.allowedIPs)
  return Object.freeze(peer)
}

const NO_ALLOWED_IPS: readonly AllowedIP[] = []
