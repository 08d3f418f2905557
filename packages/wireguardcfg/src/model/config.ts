import type { AllowedIP } from './allowed-ip.js'
import type { Device, Peer } from './device.js'
import type { Endpoint } from './endpoint.js'
import type { PublicKey, SecretKey } from './key.js'
import { checkReadDevice, checkReadPeer } from './read-device.js'

/** A configuration to write to a device. An absent field is left unchanged; `null` clears it. */
export interface DeviceConfig {
  /** Base64 text or a key; `null` removes it. */
  privateKey?: SecretKey | string | null | undefined
  /** UDP port, 0 to 65535. For 0 the backend picks a free one. */
  listenPort?: number | undefined
  /** The mark on outgoing packets, 0 to 0xffffffff; 0 means off. */
  firewallMark?: number | undefined
  /** Whether to remove every peer first. This ends their sessions. */
  replacePeers?: boolean | undefined
  /** The peers to add, change or remove, in order. Each public key may appear once. */
  peers?: readonly PeerConfig[] | undefined
}

/**
 * A configuration to write to a peer, which is created if it does not exist. An absent field is
 * left unchanged; `null` clears it.
 */
export interface PeerConfig {
  /** Which peer: 44 characters of canonical base64. */
  publicKey: PublicKey
  /** Whether to remove the peer. Every other field is then ignored. */
  remove?: boolean | undefined
  /** Whether to do nothing if the peer does not exist. */
  updateOnly?: boolean | undefined
  /** Base64 text or a key; `null` removes it. */
  presharedKey?: SecretKey | string | null | undefined
  /** `address:port`, `[address]:port` or both parts. Neither protocol can clear an endpoint. */
  endpoint?: Endpoint | string | undefined
  /** Seconds between keepalive packets, 0 to 65535; 0 means off. */
  persistentKeepalive?: number | undefined
  /**
   * The allowed IPs to add, or the whole list with `replaceAllowedIPs`. An allowed IP of another
   * peer moves to this one.
   */
  allowedIPs?: readonly string[] | undefined
  /** Whether to clear the peer's list first. Packets to it may be lost for an instant. */
  replaceAllowedIPs?: boolean | undefined
  /**
   * The allowed IPs to remove from this peer. Its other allowed IPs stay in place throughout. Those
   * that the peer does not have are ignored.
   */
  removeAllowedIPs?: readonly string[] | undefined
}

/**
 * A {@link DeviceConfig} in which endpoints may have host names, such as `vpn.example.com:51820`.
 * No backend takes names: they have to be resolved first.
 */
export interface NamedDeviceConfig extends Omit<DeviceConfig, 'peers'> {
  /** As {@link DeviceConfig.peers}. */
  peers?: readonly NamedPeerConfig[] | undefined
}

/** A {@link PeerConfig} whose endpoint may have a host name. */
export interface NamedPeerConfig extends Omit<PeerConfig, 'endpoint'> {
  /** `name:port`, `address:port`, `[address]:port` or both parts. */
  endpoint?: { readonly host: string; readonly port: number } | string | undefined
}

/**
 * A {@link DeviceConfig} that passed every check: its keys are parsed, its addresses are in
 * canonical text, and no public key is repeated. `checkDeviceConfig` returns it.
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
 * Returns the configuration that makes another device equal to this one, except for counters and
 * handshakes. Every field is present, and both lists replace those of the other device. Use it to
 * read, modify and write.
 *
 * @example
 * ```ts
 * const config = toConfig(await client.device('wg0'))
 * config.peers = config.peers.filter((peer) => peer.publicKey !== publicKey)
 * await client.configureDevice('wg0', config)
 * ```
 *
 * @throws WireGuardError `EINVAL` for what is no device
 */
export function toConfig(device: Device): DeviceConfig & { peers: PeerConfig[] } {
  checkReadDevice(device, 'make configuration')
  return {
    privateKey: device.privateKey ?? null,
    listenPort: device.listenPort,
    firewallMark: device.firewallMark,
    replacePeers: true,
    peers: device.peers.map(configOfPeer),
  }
}

/**
 * Returns the configuration of one peer as it was read. See {@link toConfig}.
 *
 * @example
 * ```ts
 * await client.configureDevice('wg1', { peers: device.peers.map(toPeerConfig) })
 * ```
 *
 * @throws WireGuardError `EINVAL` for what is no peer
 */
export function toPeerConfig(peer: Peer): PeerConfig {
  return configOfPeer(checkReadPeer(peer, '', 'make configuration'))
}

function configOfPeer(peer: Peer): PeerConfig {
  return {
    publicKey: peer.publicKey,
    presharedKey: peer.presharedKey ?? null,
    ...(peer.endpoint === undefined ? {} : { endpoint: peer.endpoint }),
    persistentKeepalive: peer.persistentKeepalive,
    allowedIPs: peer.allowedIPs,
    replaceAllowedIPs: true,
  }
}
