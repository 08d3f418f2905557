import {
  type CallOptions,
  type Device,
  type DeviceConfig,
  isWireGuardError,
  type Peer,
  type WireGuardError,
} from 'wireguardcfg'
import type { LinkProperties, LinkState } from 'wireguardnl'
import { RunningCalls } from './running-calls.js'
import type { Capabilities } from './capabilities.js'
import type { CreateOptions } from './create/options.js'
import type { OwnedDevice } from './create/owned-device.js'
import type { DeleteOptions } from './delete-device.js'
import { DevicesError } from './devices-error.js'
import { Network } from './network.js'
import { peersOf } from './peers.js'
import { replacement } from './sync/replacement.js'
import { onBackendOf, Sources, type WireGuardOptions } from './backends.js'
import type { SyncResult } from './sync/diff.js'
import type { SyncOptions } from './sync/sync.js'

/** Options of {@link WireGuard.devices}. */
export interface DevicesOptions extends CallOptions {
  /** Takes what kept an interface, or a whole backend, from being read; the others are returned. */
  readonly onError?: ((error: WireGuardError) => void) | undefined
}

/**
 * WireGuard on this machine: the interfaces of the kernel and of userspace implementations through
 * one API. Close it, or use `await using`, to free its sockets; the interfaces stay.
 */
export class WireGuard implements AsyncDisposable {
  readonly #sources: Sources
  readonly #network: Network
  readonly #calls = new RunningCalls()

  private constructor(sources: Sources, network: Network) {
    this.#sources = sources
    this.#network = network
  }

  /**
   * Opens access to WireGuard. Nothing is contacted yet.
   *
   * @throws WireGuardError `EINVAL` for an unknown backend; `ENOENT`, `EINVAL` or `EPERM` for a
   * namespace that cannot be opened
   */
  static async open(options: WireGuardOptions = {}): Promise<WireGuard> {
    const network = await Network.open(options.netns)
    try {
      return new WireGuard(new Sources(options, network), network)
    } catch (error) {
      await network.close()
      throw error
    }
  }

  /** The names of all interfaces, each once, in the order of the backends. */
  async deviceNames(options?: CallOptions): Promise<string[]> {
    const lists = await Promise.all(
      this.#sources.all.map(async (source) => (await source.open()).deviceNames(options)),
    )
    return [...new Set(lists.flat())]
  }

  /**
   * Reads all interfaces. One that vanishes meanwhile is left out. Any other failure goes to
   * `onError`; without it the call rejects at the end.
   *
   * @throws DevicesError with the devices that could be read
   */
  async devices(options: DevicesOptions = {}): Promise<Device[]> {
    const errors: WireGuardError[] = []
    const report = (error: unknown): void => {
      if (!isWireGuardError(error) || error.code === 'ABORT_ERR') throw error
      if (options.onError === undefined) errors.push(error)
      else options.onError(error)
    }
    const names = await this.#namesOrReport(options, report)
    const devices: (Device | undefined)[] = []
    await inParallel(names, async (name, i) => {
      try {
        devices[i] = await this.device(name, options)
      } catch (error) {
        if (!isWireGuardError(error) || error.code !== 'ENODEV') report(error)
      }
    })
    const read = devices.filter((device) => device !== undefined)
    const [first, ...rest] = errors
    if (first !== undefined) throw new DevicesError([first, ...rest], read)
    return read
  }

  /**
   * Reads one interface.
   *
   * @throws WireGuardError `ENODEV` when there is none of this name, `EOPNOTSUPP` when it is not
   * WireGuard, `EPERM`, `ETIMEDOUT`, `ABORT_ERR`, `EPROTO`
   */
  device(name: string, options?: CallOptions): Promise<Device> {
    return onBackendOf(this.#sources.all, name, 'read device', (backend) =>
      backend.device(name, options),
    )
  }

  /**
   * The peers of one interface, one after the other, for interfaces too large to hold: in memory
   * are those of one datagram of the kernel (32 KiB, some 150 peers), or of one read of a socket.
   *
   * Use them as they come. Whoever takes longer than `idleTimeout` for those of one datagram finds
   * `ETIMEDOUT`, because nobody can delete an interface while a reader of it stands still; with 0,
   * deleting it waits, unless this process does it. A change of the interface after the first peer
   * is `EAGAIN`: what came so far may not fit together.
   *
   * @throws WireGuardError as {@link WireGuard.device}, also after the first peer
   */
  peers(name: string, options?: CallOptions): AsyncGenerator<Peer, void, undefined> {
    return peersOf(this.#sources.all, name, options)
  }

  /**
   * Changes one interface: what the configuration does not mention stays as it is.
   *
   * @throws WireGuardError `EINVAL` with the `path` of the field, before anything was changed; or
   * as {@link WireGuard.device}, with `applied` when a part took effect
   */
  configureDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void> {
    return onBackendOf(this.#sources.all, name, 'configure device', (backend) =>
      backend.configureDevice(name, config, options),
    )
  }

  /**
   * Makes an interface what the configuration says and nothing else, as `wg setconf`: fields of the
   * device that are absent are reset, and every peer is removed before those of the configuration
   * are added, which ends all sessions. See {@link WireGuard.syncDevice} for a way that keeps them.
   *
   * @throws WireGuardError as {@link WireGuard.configureDevice}
   */
  replaceDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void> {
    return this.configureDevice(name, replacement(config), options)
  }

  /**
   * Makes the peers of an interface what the configuration says, and sends only what differs:
   * sessions go on, and no packet is lost.
   *
   * - Peers that are not in the configuration are removed; without `peers`, all are left alone.
   * - A peer's preshared key and keepalive interval that are absent are cleared, its allowed IPs
   *   are those listed. They are added and removed one by one. With `removeAllowedIPs` the list is
   *   changed instead.
   * - An endpoint that is absent is left alone. One that differs from where the peer is now may
   *   mean that the peer roamed: it is written when it differs from that of `previous`, the
   *   configuration written last time. Without `previous`, it is written unless the peer has
   *   completed a handshake, or always with `endpoints: 'write'`.
   * - Fields of the device that are absent are left alone; a `listenPort` of 0 is content with any
   *   port.
   *
   * Reads the interface first: what another program changes in between is not noticed.
   *
   * @throws WireGuardError as {@link WireGuard.configureDevice}
   */
  async syncDevice(name: string, config: DeviceConfig, options?: SyncOptions): Promise<SyncResult> {
    const { syncDevice } = await import('./sync/sync.js')
    return syncDevice(this, name, config, options)
  }

  /**
   * Makes an interface: created down, configured, moved, addressed, then brought up. When a step
   * fails, what this call made is taken back, and the error says which step it was.
   *
   * An interface lives on when this process ends, a userspace implementation with it: it is a
   * process of its own. Delete the device, or hold it with `await using`.
   *
   * @throws WireGuardError `EINVAL` with the `path` of the option, before anything was made;
   * `EEXIST` there is an interface of this name; `EPROTONOSUPPORT` there is no WireGuard here;
   * `ENOENT` or `EACCES` no userspace implementation, or no such namespace; `EADDRINUSE`, `EPERM`,
   * `ETIMEDOUT`, `ABORT_ERR`
   */
  createDevice(name: string, options: CreateOptions = {}): Promise<OwnedDevice> {
    return this.#calls.run(options.signal, async (signal) => {
      // Loaded when it is called: most programs only read and configure.
      const { createDevice } = await import('./create/create.js')
      return await createDevice(this.#sources, name, { ...options, signal })
    })
  }

  /**
   * Deletes an interface: one of the kernel, or one of a userspace implementation by removing its
   * socket, which ends it.
   *
   * @throws WireGuardError `ENODEV`, `EOPNOTSUPP` it is not WireGuard, and stays; `EPERM`,
   * `ETIMEDOUT`, `ABORT_ERR`
   */
  deleteDevice(name: string, options: DeleteOptions = {}): Promise<void> {
    return this.#calls.run(options.signal, async (signal) => {
      const { deleteDevice } = await import('./delete-device.js')
      await deleteDevice(this.#sources, name, { ...options, signal })
    })
  }

  /**
   * Reads the state of an interface of any kind: whether it is up, its MTU and index. Needs no
   * privilege.
   *
   * @throws WireGuardError `ENODEV`
   */
  async link(name: string, options?: CallOptions): Promise<LinkState> {
    return await (await this.#network.links()).link(name, options)
  }

  /**
   * Brings an interface up or down, or changes its MTU in bytes.
   *
   * @throws WireGuardError `ENODEV`, `EINVAL`, `EADDRINUSE` it cannot go up because its listen port
   * is taken, `EPERM`
   */
  async setLink(name: string, properties: LinkProperties, options?: CallOptions): Promise<void> {
    await (await this.#network.links()).setLink(name, properties, options)
  }

  /**
   * The addresses of an interface with the lengths of their networks, as `10.7.0.1/24`. @throws
   * WireGuardError `ENODEV`
   */
  async addresses(name: string, options?: CallOptions): Promise<string[]> {
    return await (await this.#network.links()).addresses(name, options)
  }

  /**
   * Adds an address: `10.7.0.1/24`, `fd00::1/64`; without a length, `/32` or `/128`.
   *
   * @throws WireGuardError `EEXIST` the interface has it, `EACCES` IPv6 is disabled there,
   * `ENODEV`, `EINVAL`, `EPERM`
   */
  async addAddress(name: string, address: string, options?: CallOptions): Promise<void> {
    await (await this.#network.links()).addAddress(name, address, options)
  }

  /**
   * Removes an address, given with its length.
   *
   * @throws WireGuardError `EADDRNOTAVAIL` the interface does not have it, `ENODEV`, `EINVAL`,
   * `EPERM`
   */
  async removeAddress(name: string, address: string, options?: CallOptions): Promise<void> {
    await (await this.#network.links()).removeAddress(name, address, options)
  }

  /**
   * What can be done here, and if not, why: tries without effect, except that the kernel may load
   * its module of WireGuard.
   */
  async capabilities(options?: CallOptions): Promise<Capabilities> {
    const { capabilities } = await import('./capabilities.js')
    return await capabilities(this.#sources, options)
  }

  /**
   * Frees every socket. RunningCalls under way are ended, after `createDevice` has taken back what
   * it made so far.
   */
  async close(): Promise<void> {
    await this.#calls.close()
    await this.#sources.close()
    await this.#network.close()
  }

  /** {@link WireGuard.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Like `deviceNames`, but a backend that cannot list is reported, and the others are listed. */
  async #namesOrReport(options: CallOptions, report: (error: unknown) => void): Promise<string[]> {
    const lists = await Promise.all(
      this.#sources.all.map(async (source) => {
        try {
          return await (await source.open()).deviceNames(options)
        } catch (error) {
          report(error)
          return []
        }
      }),
    )
    return [...new Set(lists.flat())]
  }
}

const READS_AT_ONCE = 8

async function inParallel<T>(
  items: readonly T[],
  step: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [i, item] of queue) await step(item, i)
  }
  await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, items.length) }, worker))
}
