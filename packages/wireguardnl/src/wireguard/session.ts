import { type Device, WireGuardError } from 'wireguardcfg'
import type { KeyedQueue } from 'wireguardcfg/backend'
import type { Connection } from '../netlink/connection.js'
import { pause } from '../netlink/yield.js'
import type { NetlinkCall } from './call.js'
import { readDevice } from './dump/read.js'
import type { Kernel } from './kernel.js'
import type { ConnectionPool } from './pool.js'

// How often a device is read when it changes during every read, and how long the growing pauses in
// between become, in ms.
const MAX_READS = 20
const LONGEST_PAUSE = 50

/** What the sessions of a client share. */
export interface SessionResources {
  readonly kernel: Kernel
  readonly pool: ConnectionPool
  /** By device. */
  readonly exchanges: KeyedQueue
}

/** One call's access to one device. */
export class DeviceSession {
  readonly name: string
  readonly call: NetlinkCall
  readonly #resources: SessionResources

  constructor(name: string, call: NetlinkCall, resources: SessionResources) {
    this.name = name
    this.call = call
    this.#resources = resources
  }

  get kernel(): Kernel {
    return this.#resources.kernel
  }

  /** The same device for another call. */
  withCall(call: NetlinkCall): DeviceSession {
    return new DeviceSession(this.name, call, this.#resources)
  }

  /** One exchange with the device: the client runs no other one on it meanwhile. */
  exchange<T>(step: (connection: Connection) => Promise<T>): Promise<T> {
    const { deadline } = this.call
    const { exchanges, pool } = this.#resources
    return exchanges.run(this.name, deadline, () => pool.use(deadline, step))
  }

  /**
   * Reads the device; when it is changed meanwhile, again.
   *
   * @throws WireGuardError `EAGAIN` it changed during every read
   * @throws {NetlinkError}
   * @throws {MalformedMessageError}
   */
  async read(): Promise<Device> {
    for (let reads = 1; ; reads++) {
      const device = await this.exchange((connection) =>
        readDevice(connection, this.name, this.kernel, this.call.exchange),
      )
      if (device !== undefined) return device
      await this.pauseBetweenReads(reads)
    }
  }

  /** After a read during which the device changed. */
  async pauseBetweenReads(reads: number): Promise<void> {
    if (reads >= MAX_READS) throw changed(`the device changed during each of ${reads} reads`)
    await this.call.deadline.race(pause(Math.min(2 ** (reads - 1), LONGEST_PAUSE)))
  }
}

/** The error of a device that would not keep still. */
export function changed(summary: string): WireGuardError {
  return new WireGuardError(summary, { code: 'EAGAIN', hint: 'Try again when it is at rest' })
}
