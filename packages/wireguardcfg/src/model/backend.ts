import type { DeviceConfig } from './config.js'
import type { BackendKind, Device, Peer } from './device.js'

/** Options of every call that talks to a device. */
export interface CallOptions {
  /**
   * Ends the call: it rejects with `name: 'AbortError'`, `code: 'ABORT_ERR'` and the signal's
   * reason as cause. A limit on the whole call is `AbortSignal.timeout(ms)`.
   */
  signal?: AbortSignal | undefined
  /**
   * Milliseconds without progress after which the call fails with `ETIMEDOUT`; default 5000, 0: no
   * limit. While the call waits for another one, the progress of that one counts.
   */
  idleTimeout?: number | undefined
}

/** One way of reaching WireGuard. Every call may reject with a `WireGuardError`. */
export interface Backend {
  readonly kind: BackendKind
  /** The names of the interfaces that this backend serves. None is not an error. */
  deviceNames(options?: CallOptions): Promise<string[]>
  /** Reads one interface; rejects with `ENODEV` when this backend does not know it. */
  device(name: string, options?: CallOptions): Promise<Device>
  /**
   * Checks the whole configuration, then applies it. Nothing is changed when a value is not
   * acceptable. No protocol of WireGuard is atomic: when a write fails half way, the error's
   * `applied` says how far it got.
   */
  configureDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void>
  /** The peers of one interface, a batch at a time, for devices too large to hold. */
  peerBatches?(name: string, options?: CallOptions): AsyncIterable<readonly Peer[]>
  /** Frees what the backend holds; calls under way are ended first. */
  close(): Promise<void>
}
