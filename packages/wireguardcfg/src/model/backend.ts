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
   * limit.
   */
  idleTimeout?: number | undefined
}

/** One way of reaching WireGuard. Every call may reject with a `WireGuardError`. */
export interface Backend {
  /** Which interfaces this backend serves. */
  readonly kind: BackendKind
  /** The names of the interfaces that this backend serves. None is not an error. */
  deviceNames(options?: CallOptions): Promise<string[]>
  /**
   * Tells at once whether it is worth asking this backend for an interface, without the cost of an
   * error. `false`: it has none of this name, and a call would reject with `ENODEV`; it is asked
   * only when no other backend has the name either. `true`: it may have one. A backend without this
   * method is always asked. The method must not throw and must not wait; where it cannot tell, it
   * returns `true`.
   */
  mayHave?(name: string): boolean
  /** Reads one interface; rejects with `ENODEV` when this backend does not know it. */
  device(name: string, options?: CallOptions): Promise<Device>
  /**
   * Checks the whole configuration, then applies it. Nothing is changed when a value is not
   * acceptable. No protocol of WireGuard is atomic: when a write fails half way, the error's
   * `applied` says how much took effect.
   */
  configureDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void>
  /** The peers of one interface, a batch at a time, for devices too large to hold. */
  peerBatches?(name: string, options?: CallOptions): AsyncIterable<readonly Peer[]>
  /** Frees what the backend holds; calls under way are ended first. */
  close(): Promise<void>
}
