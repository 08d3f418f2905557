import type { Backend, Device, DeviceConfig, SecretKey } from 'wireguardcfg'

/**
 * Something that the contract is run against: a backend, and a device that belongs to this run
 * alone.
 */
export interface Subject extends AsyncDisposable {
  readonly backend: Backend
  /** An interface that exists, and that the suite may change in every way. */
  readonly device: string
  /** The same device through another backend object, which the suite closes. */
  open(): Promise<Backend>
  /**
   * Keeps the device from finishing any write until the result is disposed of; absent where that is
   * impossible, as with a real kernel.
   */
  readonly stall?: () => Promise<AsyncDisposable>
}

/** What differs from subject to subject. */
export interface SubjectTraits {
  readonly kind: Backend['kind']
  /** The backend reports the kernel's interface index. */
  readonly hasIndex: boolean
  /** Peers come in the order of their creation; otherwise in any. */
  readonly keepsPeerOrder: boolean
  /**
   * The zone of an endpoint is read back; wireguard-go before 2023 uses it and does not report it.
   */
  readonly tellsZones: boolean
  /** The key of the device at the beginning of each test: it needs one before the first peer. */
  readonly ownKey?: SecretKey
  /** False: the private key is not read back. */
  readonly tellsPrivateKey?: false
  /** There is {@link Subject.stall}. */
  readonly canStall: boolean
  /** How many peers the larger tests make. */
  readonly manyPeers: number
  /** How many allowed IPs the larger tests give to one peer. */
  readonly manyAllowedIPs: number
}

/** What every test of the contract gets. */
export interface Context {
  readonly traits: SubjectTraits
  readonly subject: () => Subject
  /** Reads the subject's device; patient, as a daemon on a busy machine needs it. */
  readonly read: () => Promise<Device>
  /** Configures it, as patiently. */
  readonly configure: (config: DeviceConfig) => Promise<void>
}
