import type { AllowedIP } from './allowed-ip.js'
import type { Endpoint } from './endpoint.js'
import type { PublicKey, SecretKey } from './key.js'

/** Who runs an interface. */
export type BackendKind = 'kernel' | 'userspace'

/** A WireGuard interface as it was read. Every field is present. */
export interface Device {
  /** The interface name. */
  readonly name: string
  /** Who runs it: the kernel, or a program that answers on a unix socket. */
  readonly backend: BackendKind
  /** The kernel's interface index; `undefined` from a userspace device. */
  readonly index: number | undefined
  /** `undefined`: none is set, or the backend does not tell it (boringtun). */
  readonly privateKey: SecretKey | undefined
  /** `undefined`: no private key is set. */
  readonly publicKey: PublicKey | undefined
  /** UDP port; 0: not bound yet. */
  readonly listenPort: number
  /** The mark on outgoing packets, 32 bits; 0: off. */
  readonly firewallMark: number
  /**
   * In the backend's order: the kernel's is the order of creation, wireguard-go's differs at every
   * read.
   */
  readonly peers: readonly Peer[]
}

/** A peer as it was read. Every field is present. */
export interface Peer {
  /** Identifies the peer: a device has one peer of each key. */
  readonly publicKey: PublicKey
  /** `undefined`: none is set. */
  readonly presharedKey: SecretKey | undefined
  /** Where it was last seen, or as configured; `undefined`: not known. */
  readonly endpoint: Endpoint | undefined
  /** Seconds; 0: off. */
  readonly persistentKeepalive: number
  /** `undefined`: never; it is never the epoch. */
  readonly lastHandshake: Date | undefined
  /** Bytes received from the peer; exact to 2^53, above that the nearest number. */
  readonly receiveBytes: number
  /** Bytes sent to the peer; exact to 2^53, above that the nearest number. */
  readonly transmitBytes: number
  /** In the backend's order. */
  readonly allowedIPs: readonly AllowedIP[]
  /** 1 in every implementation so far. */
  readonly protocolVersion: number
}
