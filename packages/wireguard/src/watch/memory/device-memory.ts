import type { Device, Endpoint, Peer, PublicKey } from 'wireguardcfg'
import type { WatchedPeerField } from '../events.js'
import type { KnownHandshake } from '../handshakes.js'
import type { Connected } from '../presence.js'
import type { Store } from './store.js'

/** What is kept of a device between two reads. */
export interface DeviceMemory {
  /** As it was last taken; of a large device, without its peers. */
  readonly device: Device
  readonly handshakes: Store<KnownHandshake>
  /** The keys of its peers. */
  publicKeys(): readonly PublicKey[]
  /** Makes a place for the connected peers by one rule. */
  connectedPeers(): Store<Connected>
  /** Compares a read with what is known, which stays as it is. */
  compare(read: Device): Promise<Differences>
  /**
   * Divides the differences of a read into parts, so that a large one need not be taken in one turn
   * of the event loop. What is not taken is still different at the next read.
   */
  parts(differences: Differences): Iterable<Differences>
  /** Takes a part of a read over, which was just compared. */
  take(differences: Differences): void
  /** Takes another name over. */
  rename(name: string): void
}

/** What is different in a read. */
export interface Differences {
  /** The device that was read. */
  readonly device: Device
  readonly added: readonly Peer[]
  readonly removed: readonly PublicKey[]
  /** Peers of which anything changed. */
  readonly changed: readonly ChangedPeer[]
  /** Whether it is all, or the last part. */
  readonly isLast: boolean
}

/** What is different in a peer. */
export interface ChangedPeer {
  readonly before: Counters
  readonly after: Peer
  /** Its settings; undefined: they are the same. */
  readonly settings: ChangedSettings | undefined
  /** Its endpoint; undefined: it is the same. */
  readonly endpoint: { readonly before: Endpoint | undefined } | undefined
}

/** The settings of a peer that changed. A large device does not know which. */
export interface ChangedSettings {
  readonly fields: readonly WatchedPeerField[]
  readonly before: Partial<Pick<Peer, 'persistentKeepalive' | 'allowedIPs'>>
  readonly after: Partial<Pick<Peer, 'persistentKeepalive' | 'allowedIPs'>>
}

/** What a device counts of a peer. */
export type Counters = Pick<Peer, 'lastHandshake' | 'receiveBytes' | 'transmitBytes'>

/** A handshake of a peer never goes away, so this is another peer with the same key. */
export function wasMadeAgain(before: Counters, after: Peer): boolean {
  return before.lastHandshake !== undefined && after.lastHandshake === undefined
}
