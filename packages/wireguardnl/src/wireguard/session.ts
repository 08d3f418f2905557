import { type Device, WireGuardError } from 'wireguardcfg'
import type { KeyedQueue } from 'wireguardcfg/backend'
import type { Connection } from '../netlink/connection.js'
import { pause } from '../netlink/pause.js'
import type { NetlinkCall } from './call.js'
import type { DumpMemory } from './dump/memory.js'
import { dumpDevice } from './dump/read.js'
import type { Kernel } from './kernel.js'
import type { ConnectionPool } from './pool.js'

// The highest number of reads while the device changes during each, and the longest of the growing
// pauses between them, in ms.
const MAX_READS = 20
const LONGEST_PAUSE = 50

/** The resources that the sessions of a client share. */
export interface SessionResources {
  readonly kernel: Kernel
  readonly pool: ConnectionPool
  /** The exchanges of each device, one at a time. */
  readonly exchanges: KeyedQueue
}

/**
 * Gives one call access to one device.
 *
 * @example
 * ```ts
 * const device = await new DeviceSession('wg0', call, resources).read()
 * ```
 */
export class DeviceSession {
  readonly name: string
  readonly call: NetlinkCall
  readonly #resources: SessionResources

  constructor(name: string, call: NetlinkCall, resources: SessionResources) {
    this.name = name
    this.call = call
    this.#resources = resources
  }

  /** The kernel that has the device. */
  get kernel(): Kernel {
    return this.#resources.kernel
  }

  /** Returns a session of the same device for another call. */
  withCall(call: NetlinkCall): DeviceSession {
    return new DeviceSession(this.name, call, this.#resources)
  }

  /** Runs one exchange with the device. The client runs no other exchange with it at that time. */
  exchange<T>(step: (connection: Connection) => Promise<T>): Promise<T> {
    const { deadline } = this.call
    const { exchanges, pool } = this.#resources
    return exchanges.run(this.name, deadline, () => pool.use(deadline, step))
  }

  /**
   * Reads the device. Reads it again when it changed during the read.
   *
   * @param memory what is known from the last read
   * @throws WireGuardError `EAGAIN` when it changed during every read
   * @throws {NetlinkError}
   * @throws {MalformedMessageError}
   */
  async read(memory?: DumpMemory): Promise<Device> {
    for (let reads = 1; ; reads++) {
      const device = await this.exchange((connection) =>
        dumpDevice(connection, this.name, this.kernel, this.call.exchange, memory),
      )
      if (device !== undefined) return device
      await this.pauseBetweenReads(reads)
    }
  }

  /**
   * Waits after a read during which the device changed.
   *
   * @throws WireGuardError `EAGAIN` after the last read
   */
  async pauseBetweenReads(reads: number): Promise<void> {
    if (reads >= MAX_READS) throw changed(`the device changed during each of ${reads} reads`)
    await this.call.deadline.race(pause(Math.min(2 ** (reads - 1), LONGEST_PAUSE)))
  }
}

/** Returns the error for a device that changed while it was read. */
export function changed(summary: string): WireGuardError {
  return new WireGuardError(summary, {
    code: 'EAGAIN',
    hint: 'Try again when nothing changes the device',
  })
}
