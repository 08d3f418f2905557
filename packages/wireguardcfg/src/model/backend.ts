import type { DeviceConfig } from './config.js'
import type { BackendKind, Device, Peer } from './device.js'

/** Options of every call to a device. */
export interface CallOptions {
  /**
   * Aborts the call, which then rejects with `name: 'AbortError'`, `code: 'ABORT_ERR'` and the
   * signal's reason as cause.
   */
  signal?: AbortSignal | undefined
  /**
   * Milliseconds without progress after which the call fails with `ETIMEDOUT`. Default 5000; 0 sets
   * no limit. While the call waits for an earlier one, the progress of that one counts.
   */
  idleTimeout?: number | undefined
  /**
   * Milliseconds that the whole call may take, whatever its progress; it then fails with
   * `ETIMEDOUT`. Default 300000, which is five minutes; 0 sets no limit. Time spent waiting for an
   * earlier call counts. A stream of peers has no such limit by default, because its consumer may
   * take any time.
   */
  timeout?: number | undefined
}

/** One way to reach WireGuard. Every call may reject with a `WireGuardError`. */
export interface Backend {
  /** Which interfaces this backend serves. */
  readonly kind: BackendKind
  /** Returns the names of the interfaces that this backend serves. The list may be empty. */
  deviceNames(options?: CallOptions): Promise<string[]>
  /**
   * Returns whether this backend may have an interface of this name, without the cost of an error.
   * `false` means that it has none and that a call would reject with `ENODEV`. The backend is then
   * asked only when no other backend has the name either. A backend without this method is always
   * asked. The method must not throw and must not wait. When it does not know, it returns `true`.
   */
  mayHave?(name: string): boolean
  /** Reads one device. Rejects with `ENODEV` when this backend does not have it. */
  device(name: string, options?: CallOptions): Promise<Device>
  /**
   * Checks the whole configuration, then applies it. Nothing is changed when a value is invalid. No
   * protocol of WireGuard is atomic. When a write fails half way, the error's `applied` says how
   * much took effect.
   */
  configureDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void>
  /** Reads the peers of one device in batches, for devices too large to hold in memory. */
  peerBatches?(name: string, options?: CallOptions): AsyncIterable<readonly Peer[]>
  /** Ends the calls in progress, then releases what the backend holds. */
  close(): Promise<void>
}
