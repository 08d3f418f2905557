import type { AllowedIP } from '../model/allowed-ip.js'
import type { PublicKey, SecretKey } from '../model/key.js'
import type { ConfEndpoint } from './values/endpoint.js'
import type { ConfDNS } from './values/quick.js'

/** What `[Interface]` says; an absent key is `undefined` or an empty list. */
export interface ConfInterface {
  /** `null`: the all-zero key, which removes the key. */
  readonly privateKey: SecretKey | null | undefined
  /** UDP port, 0: a free one. */
  readonly listenPort: number | undefined
  /** 32 bits, 0: off. */
  readonly firewallMark: number | undefined
  /** The interface's own addresses with their lengths, host bits and all. */
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

/** What a `[Peer]` says; an absent key is `undefined` or an empty list. */
export interface ConfPeer {
  /** The line of `[Peer]`, from 1. */
  readonly line: number
  /** As a comment says: see `peerName`. */
  readonly name: string | undefined
  /** Identifies the peer. */
  readonly publicKey: PublicKey
  /** `null`: the all-zero key, which removes the key. */
  readonly presharedKey: SecretKey | null | undefined
  /** Where the peer is. */
  readonly endpoint: ConfEndpoint | undefined
  /** Seconds, 0: off. */
  readonly persistentKeepalive: number | undefined
  /** What the peer shall have; with `incremental`, what it gets in addition. */
  readonly allowedIPs: readonly AllowedIP[]
  /** Entries with a `-`: what is taken away. */
  readonly removeAllowedIPs: readonly AllowedIP[]
  /**
   * The last `AllowedIPs` line has an entry with a `+` or `-`: the list of the device is changed,
   * not replaced (wg(8) since 1.0.20250521).
   */
  readonly incremental: boolean
}
