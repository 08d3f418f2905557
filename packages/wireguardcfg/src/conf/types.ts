import type { AllowedIP } from '../model/allowed-ip.js'
import type { PublicKey, SecretKey } from '../model/key.js'
import type { ConfEndpoint } from './values/endpoint.js'
import type { ConfDNS } from './values/quick.js'

/** The settings of `[Interface]`. An absent key is `undefined` or an empty list. */
export interface ConfInterface {
  /** `null` for the all-zero key, which removes the key. */
  readonly privateKey: SecretKey | null | undefined
  /** UDP port; 0 means any free one. */
  readonly listenPort: number | undefined
  /** The mark on outgoing packets, 32 bits; 0 means off. */
  readonly firewallMark: number | undefined
  /** The interface's own addresses with their prefix lengths. Host bits are kept. */
  readonly addresses: readonly string[]
  /** Servers and search domains. */
  readonly dns: ConfDNS
  /** Bytes. */
  readonly mtu: number | undefined
  /** `off`, `auto`, or a routing table by number or name. */
  readonly table: string | undefined
  /** Shell commands to run before the interface is up; `%i` stands for its name. */
  readonly preUp: readonly string[]
  /** Shell commands to run once it is up. */
  readonly postUp: readonly string[]
  /** Shell commands to run before it goes down. */
  readonly preDown: readonly string[]
  /** Shell commands to run once it is down. */
  readonly postDown: readonly string[]
  /** Whether wg-quick(8) writes the state of the device into the file when it goes down. */
  readonly saveConfig: boolean | undefined
}

/** The settings of a `[Peer]`. An absent key is `undefined` or an empty list. */
export interface ConfPeer {
  /** The line of the header `[Peer]`, from 1. */
  readonly line: number
  /** The name that a comment gives the peer: see `peerName`. */
  readonly name: string | undefined
  /** Identifies the peer. */
  readonly publicKey: PublicKey
  /** `null` for the all-zero key, which removes the key. */
  readonly presharedKey: SecretKey | null | undefined
  /** Where the peer is. */
  readonly endpoint: ConfEndpoint | undefined
  /** Seconds between keepalive packets; 0 means off. */
  readonly persistentKeepalive: number | undefined
  /** The allowed IPs of the peer; with `incremental`, those to add. */
  readonly allowedIPs: readonly AllowedIP[]
  /** The entries with a `-`, which are to be removed. */
  readonly removeAllowedIPs: readonly AllowedIP[]
  /**
   * Whether the last `AllowedIPs` line has an entry with a `+` or `-`. The list of the device is
   * then changed, not replaced (wg(8) since 1.0.20250521).
   */
  readonly incremental: boolean
}
