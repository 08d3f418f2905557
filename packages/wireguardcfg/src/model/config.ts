import type { AllowedIP } from './allowed-ip.js'
import type { Device, Peer } from './device.js'
import type { Endpoint } from './endpoint.js'
import type { PublicKey, SecretKey } from './key.js'

/** What is written to a device: an absent field is left alone, `null` clears it. */
export interface DeviceConfig {
  /** Base64 text or a key; `null` removes it. */
  privateKey?: SecretKey | string | null | undefined
  /** UDP port, 0 to 65535; 0: the backend picks a free one. */
  listenPort?: number | undefined
  /** The mark on outgoing packets, 0 to 0xffffffff; 0: off. */
  firewallMark?: number | undefined
  /** Removes every peer first. This ends their sessions. */
  replacePeers?: boolean | undefined
  /** Applied in order. A public key may appear once. */
  peers?: readonly PeerConfig[] | undefined
}

/**
 * What is written to a peer, which is created if it does not exist: an absent field is left alone,
 * `null` clears it.
 */
export interface PeerConfig {
  /** Which peer: 44 characters of canonical base64. */
  publicKey: PublicKey
  /** Removes the peer; every other field is ignored. */
  remove?: boolean | undefined
  /** Does nothing if the peer does not exist. */
  updateOnly?: boolean | undefined
  /** Base64 text or a key; `null` removes it. */
  presharedKey?: SecretKey | string | null | undefined
  /** `address:port`, `[address]:port` or its parts. Neither protocol can clear an endpoint. */
  endpoint?: Endpoint | string | undefined
  /** Seconds, 0 to 65535; 0: off. */
  persistentKeepalive?: number | undefined
  /**
   * Added, or the whole list with `replaceAllowedIPs`. A range that another peer has moves to this
   * one.
   */
  allowedIPs?: readonly string[] | undefined
  /** Clears the list of this peer first; packets to it may be lost for an instant. */
  replaceAllowedIPs?: boolean | undefined
  /**
   * Taken away from this peer, without a gap for its other ranges. What it does not have is
   * ignored.
   */
  removeAllowedIPs?: readonly string[] | undefined
}

/**
 * A {@link DeviceConfig} that passed every check: parsed keys, canonical text, no key twice. Made
 * by `checkDeviceConfig`.
 */
export interface CheckedDeviceConfig {
  /** As {@link DeviceConfig.privateKey}, but never text. */
  readonly privateKey?: SecretKey | null | undefined
  /** As {@link DeviceConfig.listenPort}. */
  readonly listenPort?: number | undefined
  /** As {@link DeviceConfig.firewallMark}. */
  readonly firewallMark?: number | undefined
  /** As {@link DeviceConfig.replacePeers}. */
  readonly replacePeers?: boolean | undefined
  /** As {@link DeviceConfig.peers}. */
  readonly peers?: readonly CheckedPeerConfig[] | undefined
}

/** A {@link PeerConfig} that passed every check. */
export interface CheckedPeerConfig {
  /** As {@link PeerConfig.publicKey}. */
  readonly publicKey: PublicKey
  /** As {@link PeerConfig.remove}. */
  readonly remove?: boolean | undefined
  /** As {@link PeerConfig.updateOnly}. */
  readonly updateOnly?: boolean | undefined
  /** As {@link PeerConfig.presharedKey}, but never text. */
  readonly presharedKey?: SecretKey | null | undefined
  /** As {@link PeerConfig.endpoint}, but never text. */
  readonly endpoint?: Endpoint | undefined
  /** As {@link PeerConfig.persistentKeepalive}. */
  readonly persistentKeepalive?: number | undefined
  /** As {@link PeerConfig.allowedIPs}, in canonical text. */
  readonly allowedIPs?: readonly AllowedIP[] | undefined
  /** As {@link PeerConfig.replaceAllowedIPs}. */
  readonly replaceAllowedIPs?: boolean | undefined
  /** As {@link PeerConfig.removeAllowedIPs}, in canonical text. */
  readonly removeAllowedIPs?: readonly AllowedIP[] | undefined
}

/**
 * The configuration that makes another device equal to the one that was read (counters and
 * handshakes aside): every field is present and both lists replace. For read, modify, write.
 */
export function toConfig(device: Device): DeviceConfig & { peers: PeerConfig[] } {
  return {
    privateKey: device.privateKey ?? null,
    listenPort: device.listenPort,
    firewallMark: device.firewallMark,
    replacePeers: true,
    peers: device.peers.map(toPeerConfig),
  }
}

/** The configuration of one peer as it was read: see {@link toConfig}. */
export function toPeerConfig(peer: Peer): PeerConfig {
  return {
    publicKey: peer.publicKey,
    presharedKey: peer.presharedKey ?? null,
    ...(peer.endpoint === undefined ? {} : { endpoint: peer.endpoint }),
    persistentKeepalive: peer.persistentKeepalive,
    allowedIPs: peer.allowedIPs,
    replaceAllowedIPs: true,
  }
}
