import type { CallOptions, Device, DeviceConfig, Peer } from 'wireguardcfg'
import type { LinkProperties, LinkState, NetlinkLinks } from 'wireguardnl'
import { Backends, type WireGuardOptions } from './backends.js'
import type { Capabilities } from './capabilities.js'
import type { CreateOptions } from './create/options.js'
import type { OwnedDevice } from './create/owned-device.js'
import type { DeleteOptions } from './delete-device.js'
import { deviceNames, type DevicesOptions, readDevice, readDevices } from './devices.js'
import { peersOf } from './peers.js'
import { RunningCalls } from './running-calls.js'
import { replacement } from './sync/replacement.js'
import type { SyncResult } from './sync/diff.js'
import type { SyncOptions } from './sync/sync.js'

/**
 * WireGuard on this machine: the interfaces of the kernel and of userspace implementations through
 * one API. Close it, or use `await using`, to free its sockets; the interfaces stay.
 */
export class WireGuard implements AsyncDisposable {
  readonly #backends: Backends
  readonly #calls = new RunningCalls()

  private constructor(backends: Backends) {
    this.#backends = backends
  }

  /**
   * Opens access to WireGuard. Nothing is contacted yet.
   *
   * @throws WireGuardError `EINVAL` for an unknown backend; `ENOENT`, `EINVAL` or `EPERM` for a
   * namespace that cannot be opened
   */
  static async open(options: WireGuardOptions = {}): Promise<WireGuard> {
    return new WireGuard(await Backends.open(options))
  }

  /** Lists the names of all interfaces, each once, in the order of the backends. */
  async deviceNames(options?: CallOptions): Promise<string[]> {
    return await deviceNames(this.#backends, options)
  }

  /**
   * Reads all interfaces. One that vanishes during the call is left out. Any other failure goes to
   * `onError`; without `onError` the call rejects at the end.
   *
   * @throws DevicesError with the devices that could be read
   */
  async devices(options: DevicesOptions = {}): Promise<Device[]> {
    return await readDevices(this.#backends, options)
  }

  /**
   * Reads one interface.
   *
   * @throws WireGuardError `ENODEV` no such interface, `EOPNOTSUPP` it is not WireGuard, `EPERM`,
   * `ETIMEDOUT`, `ABORT_ERR`, `EPROTO`
   */
  device(name: string, options?: CallOptions): Promise<Device> {
    return readDevice(this.#backends, name, options)
  }

  /**
   * Yields the peers of one interface one by one, for devices too large to hold. It keeps in memory
   * the peers of one datagram of the kernel (32 KiB, some 150 peers), or of one read of a socket.
   *
   * Read them without long pauses. The interface cannot be deleted while a reader of it pauses, so
   * a pause longer than `idleTimeout` ends the read with `ETIMEDOUT`. With 0 there is no such
   * limit, and another process that deletes the interface waits. If the device changes after the
   * first peer, the read ends with `EAGAIN`, because the peers read so far may be inconsistent.
   *
   * @throws WireGuardError as {@link WireGuard.device}, also after the first peer
   */
  peers(name: string, options?: CallOptions): AsyncGenerator<Peer, void, undefined> {
    return peersOf(this.#backends, name, options)
  }

  /**
   * Changes one device. What the configuration does not mention stays as it is.
   *
   * @throws WireGuardError `EINVAL` with the `path` of the field, before anything was changed; and
   * as {@link WireGuard.device}, with `applied` when a part took effect
   */
  configureDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void> {
    return this.#backends.runOn(name, 'configure device', (backend) =>
      backend.configureDevice(name, config, options),
    )
  }

  /**
   * Replaces the whole configuration of a device, as `wg setconf`. Absent fields are reset. Every
   * peer is removed before those of the configuration are added, which ends all sessions;
   * {@link WireGuard.syncDevice} keeps them.
   *
   * @throws WireGuardError as {@link WireGuard.configureDevice}
   */
  replaceDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void> {
    return this.configureDevice(name, replacement(config), options)
  }

  /**
   * Gives a device the peers of the configuration, and sends only what differs: sessions continue,
   * and no packet is lost.
   *
   * - Peers that are not in the configuration are removed. Without `peers`, all are left alone.
   * - An absent preshared key or keepalive interval of a peer is cleared. The allowed IPs become
   *   those listed; they are added and removed one by one. With `removeAllowedIPs`, the list is
   *   changed instead of replaced.
   * - An absent endpoint is left alone. If an endpoint differs from the current one, the peer may
   *   have roamed. It is therefore written only when it differs from that of `previous`, the
   *   configuration written last time. Without `previous`, it is written unless the peer has
   *   completed a handshake. With `endpoints: 'write'`, it is always written.
   * - Absent fields of the device are left alone. `listenPort: 0` matches any port.
   *
   * The device is read first. A change that another program makes after that is not noticed.
   *
   * @throws WireGuardError as {@link WireGuard.configureDevice}
   */
  async syncDevice(name: string, config: DeviceConfig, options?: SyncOptions): Promise<SyncResult> {
    const { syncDevice } = await import('./sync/sync.js')
    return syncDevice(this, name, config, options)
  }

  /**
   * Creates an interface: it is made down, configured, moved, addressed, then brought up. When a
   * step fails, the call rolls back what it made, and the error says which step it was.
   *
   * The interface stays when this process ends. So does its userspace implementation, which is a
   * process of its own. Delete the device, or hold it with `await using`.
   *
   * @throws WireGuardError `EINVAL` with the `path` of the option, before anything was made;
   * `EEXIST` an interface of this name exists; `EPROTONOSUPPORT` there is no WireGuard here;
   * `ENOENT` or `EACCES` no userspace implementation, or no such namespace; `EADDRINUSE`, `EPERM`,
   * `ETIMEDOUT`, `ABORT_ERR`
   */
  createDevice(name: string, options: CreateOptions = {}): Promise<OwnedDevice> {
    return this.#calls.run(options.signal, async (signal) => {
      // Loaded when it is called, because most programs only read and configure.
      const { createDevice } = await import('./create/create.js')
      return await createDevice(this.#backends, name, { ...options, signal })
    })
  }

  /**
   * Deletes an interface of WireGuard. A userspace implementation ends when its socket is removed,
   * and its interface goes with it.
   *
   * @throws WireGuardError `ENODEV`, `EPERM`, `ETIMEDOUT`, `ABORT_ERR`; `EOPNOTSUPP` the interface
   * is not WireGuard, and is left alone
   */
  deleteDevice(name: string, options: DeleteOptions = {}): Promise<void> {
    return this.#calls.run(options.signal, async (signal) => {
      const { deleteDevice } = await import('./delete-device.js')
      await deleteDevice(this.#backends, name, { ...options, signal })
    })
  }

  /**
   * Reads the state of an interface of any kind: whether it is up, its MTU and index. Needs no
   * privilege.
   *
   * @throws WireGuardError `ENODEV`
   */
  async link(name: string, options?: CallOptions): Promise<LinkState> {
    return await (await this.#links()).link(name, options)
  }

  /**
   * Brings an interface up or down, or changes its MTU in bytes.
   *
   * @throws WireGuardError `ENODEV`, `EINVAL`, `EPERM`; `EADDRINUSE` it cannot go up because its
   * listen port is taken
   */
  async setLink(name: string, properties: LinkProperties, options?: CallOptions): Promise<void> {
    await (await this.#links()).setLink(name, properties, options)
  }

  /**
   * Lists the addresses of an interface with their prefix lengths, as `10.7.0.1/24`.
   *
   * @throws WireGuardError `ENODEV`
   */
  async addresses(name: string, options?: CallOptions): Promise<string[]> {
    return await (await this.#links()).addresses(name, options)
  }

  /**
   * Adds an address: `10.7.0.1/24`, `fd00::1/64`. Without a prefix length, it is `/32` or `/128`.
   *
   * @throws WireGuardError `EEXIST` the interface has it already, `EACCES` IPv6 is disabled there,
   * `ENODEV`, `EINVAL`, `EPERM`
   */
  async addAddress(name: string, address: string, options?: CallOptions): Promise<void> {
    await (await this.#links()).addAddress(name, address, options)
  }

  /**
   * Removes an address, given with its prefix length.
   *
   * @throws WireGuardError `EADDRNOTAVAIL` the interface does not have it, `ENODEV`, `EINVAL`,
   * `EPERM`
   */
  async removeAddress(name: string, address: string, options?: CallOptions): Promise<void> {
    await (await this.#links()).removeAddress(name, address, options)
  }

  /**
   * Tells what can be done here, and why the rest cannot. It tries without changing anything,
   * except that the kernel may load its WireGuard module.
   */
  async capabilities(options?: CallOptions): Promise<Capabilities> {
    const { capabilities } = await import('./capabilities.js')
    return await capabilities(this.#backends, options)
  }

  /**
   * Ends the calls under way and closes every socket. Waits until `createDevice` has rolled back
   * what it made so far.
   */
  async close(): Promise<void> {
    await this.#calls.close()
    await this.#backends.close()
  }

  /** {@link WireGuard.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #links(): Promise<NetlinkLinks> {
    return this.#backends.network.links()
  }
}
