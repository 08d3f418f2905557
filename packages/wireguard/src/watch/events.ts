import type { BackendKind, Device, Endpoint, Peer, PublicKey, WireGuardError } from 'wireguardcfg'

/** Options of `WireGuard.watch`. */
export interface WatchOptions {
  /** Ends the watch with `ABORT_ERR`. */
  readonly signal?: AbortSignal | undefined
  /** The interfaces to watch: their names, or a function that selects them. Default: all. */
  readonly devices?: readonly string[] | ((name: string) => boolean) | undefined
  /**
   * Milliseconds between two reads. Default `'adaptive'`: one second while something changes, up to
   * 15 seconds at rest, and sooner when a peer would be overdue. Of several watchers, the shortest
   * counts. A read that takes long stretches it, so that reading never takes more than a tenth of a
   * processor.
   */
  readonly interval?: number | 'adaptive' | undefined
  /** Milliseconds after a handshake in which a peer counts as connected; default 180000. */
  readonly connectedFor?: number | undefined
  /** Milliseconds after that before a peer counts as disconnected; default 15000. */
  readonly grace?: number | undefined
  /** Whether `traffic` events come; default false. */
  readonly traffic?: boolean | undefined
  /**
   * Of a device with more peers than this, only keys and some numbers are kept, about 110 bytes a
   * peer: its snapshots have no peers, and its events of changed settings and endpoints do not say
   * what was before. Default 20000. Of several watchers, the largest counts.
   */
  readonly snapshotPeers?: number | undefined
}

/**
 * What `WireGuard.watch` reports. First comes the state as it is, with `initial: true`. No event
 * holds a private or preshared key: `Watcher.snapshot` has them.
 */
export type WatchEvent = EventTime & (DeviceEvent | PeerEvent | WatcherEvent)

/** When something was seen. */
export interface EventTime {
  /** When it was seen, which is later than when it happened. */
  readonly at: Date
}

/** The fields of a device that are compared. A change of the private key changes the public key. */
export type WatchedDeviceField = 'publicKey' | 'listenPort' | 'firewallMark'

/** The fields of a peer that are settings, without its endpoint. */
export type WatchedPeerField = 'presharedKey' | 'persistentKeepalive' | 'allowedIPs'

/** An event of an interface. */
export type DeviceEvent =
  | {
      /** An interface, which has come or was there. */
      readonly type: 'device-added'
      /** The name of the interface. */
      readonly device: string
      /** Whether it was there when the watch began. */
      readonly initial: boolean
      /** What implements it. */
      readonly backend: BackendKind
    }
  | {
      /** Its peers go with it; those that were connected are `disconnected` first. */
      readonly type: 'device-removed'
      /** The name of the interface. */
      readonly device: string
    }
  | {
      /** An interface of the kernel got another name. */
      readonly type: 'device-renamed'
      /** The name that the interface has now. */
      readonly device: string
      /** The name that it had. */
      readonly from: string
    }
  | {
      /** Its settings changed. */
      readonly type: 'device-changed'
      /** The name of the interface. */
      readonly device: string
      /** Which fields. */
      readonly fields: readonly WatchedDeviceField[]
      /** The fields as they were. */
      readonly before: Partial<Pick<Device, WatchedDeviceField>>
      /** The fields as they are. */
      readonly after: Partial<Pick<Device, WatchedDeviceField>>
    }
  | {
      /** It was brought up or down. */
      readonly type: 'link-up' | 'link-down'
      /** The name of the interface. */
      readonly device: string
      /** Whether it was so when the watch began. */
      readonly initial: boolean
    }
  | {
      /** It got an address, or lost one. */
      readonly type: 'address-added' | 'address-removed'
      /** The name of the interface. */
      readonly device: string
      /** With its prefix length, as `10.7.0.1/24`. */
      readonly address: string
      /** Whether it was there when the watch began. */
      readonly initial: boolean
    }

/** An event of a peer. */
export type PeerEvent = {
  /** The name of the interface. */
  readonly device: string
  /** The peer. */
  readonly publicKey: PublicKey
} & (
  | {
      /** A peer, which has come or was there. */
      readonly type: 'peer-added'
      /** Whether it was there when the watch began. */
      readonly initial: boolean
    }
  | {
      /** The peer is gone. */
      readonly type: 'peer-removed'
    }
  | {
      /** Its settings changed. */
      readonly type: 'peer-changed'
      /** Which settings; of a device with more than `snapshotPeers` peers, none is named. */
      readonly fields: readonly WatchedPeerField[]
      /** The settings as they were, without the preshared key. */
      readonly before: Partial<Pick<Peer, 'persistentKeepalive' | 'allowedIPs'>>
      /** The settings as they are, without the preshared key. */
      readonly after: Partial<Pick<Peer, 'persistentKeepalive' | 'allowedIPs'>>
    }
  | {
      /** It is reached elsewhere. */
      readonly type: 'endpoint-changed'
      /**
       * The endpoint as it was; undefined: there was none, or the device has more than
       * `snapshotPeers` peers.
       */
      readonly before: Endpoint | undefined
      /** The endpoint as it is. */
      readonly after: Endpoint | undefined
      /** `configured`: this `WireGuard` wrote it. `roamed`: the peer, or another program. */
      readonly by: 'roamed' | 'configured'
    }
  | {
      /** It has completed a handshake. */
      readonly type: 'handshake'
      /** The time that the device reports. */
      readonly handshakeAt: Date
      /** The one before; undefined: it is the first. */
      readonly previous: Date | undefined
    }
  | {
      /** It is connected, by the rule of `isConnected`. */
      readonly type: 'connected'
      /** Whether it was so when the watch began. */
      readonly initial: boolean
    }
  | {
      /** It is no longer connected. */
      readonly type: 'disconnected'
      /**
       * `age`: the last handshake is too long ago. `removed`: the peer or its interface was
       * removed. `link-down`: the interface was brought down.
       */
      readonly reason: 'age' | 'removed' | 'link-down'
    }
  | {
      /** Only with the option `traffic`. */
      readonly type: 'traffic'
      /** Bytes since the last read. */
      readonly receiveBytes: number
      /** Bytes since the last read. */
      readonly transmitBytes: number
      /** Whether the counters of the device began again at zero. */
      readonly reset: boolean
    }
)

/** An event of the watch itself. */
export type WatcherEvent =
  | {
      /**
       * Something may have been missed, and what is different now follows. `overrun`: the kernel
       * dropped messages about interfaces. `slow-consumer`: this watcher was not read for so long
       * that its events were dropped; the whole state follows, as at the beginning. `suspended`:
       * the machine slept. `clock`: its clock was set.
       */
      readonly type: 'resync'
      /** Why. */
      readonly missed: 'overrun' | 'slow-consumer' | 'suspended' | 'clock'
    }
  | {
      /** A read failed. It comes once for each change of the reason, and the watch goes on. */
      readonly type: 'error'
      /** The name of the interface; undefined: they could not be listed. */
      readonly device: string | undefined
      /** Why. */
      readonly error: WireGuardError
    }
