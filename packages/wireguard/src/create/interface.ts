import { setTimeout as sleep } from 'node:timers/promises'
import {
  type BackendKind,
  type CallOptions,
  type DeviceConfig,
  isWireGuardError,
} from 'wireguardcfg'
import { Call } from 'wireguardcfg/backend'
import { socketPath } from 'wireguardcfg/internal/socket'
import type { Host } from '../host.js'
import { Network } from '../network.js'
import type { Daemon } from '../userspace/daemon.js'
import { stopDaemon, stopListener } from '../userspace/stop.js'
import { notListening } from './errors.js'

/** What is known of an interface when it is found or made. */
export interface InterfaceInit {
  readonly name: string
  readonly backend: BackendKind
  /** Why it is a userspace device although the kernel was tried first. */
  readonly fallback?: string | undefined
  /** False: it existed before. */
  readonly created: boolean
  /** The userspace implementation that runs it, if this process started it. */
  readonly daemon?: Daemon | undefined
  /** The namespace in which it is. */
  readonly network: Network
  /** Its index there; tells it from another interface that has its name later. */
  readonly index?: number | undefined
}

/** An interface that `createDevice` found or made. It knows where the interface is by now. */
export class OwnedInterface {
  readonly name: string
  readonly backend: BackendKind
  readonly fallback: string | undefined
  readonly created: boolean
  readonly #host: Host
  readonly #daemon: Daemon | undefined
  #network: Network
  #index: number | undefined

  constructor(host: Host, init: InterfaceInit) {
    this.name = init.name
    this.backend = init.backend
    this.fallback = init.fallback
    this.created = init.created
    this.#host = host
    this.#daemon = init.daemon
    this.#network = init.network
    this.#index = init.index
  }

  /** The namespace in which it is. */
  get network(): Network {
    return this.#network
  }

  /** Reads the index that the kernel gave it. Until then, its name alone identifies it. */
  async readIndex(limits: CallOptions): Promise<void> {
    this.#index = (await this.#network.find(this.name, limits))?.index
  }

  async setMtu(mtu: number, limits: CallOptions): Promise<void> {
    await (await this.#network.links()).setLink(this.name, { mtu }, limits)
  }

  /** Sets its keys, its port and its peers. */
  async configure(config: DeviceConfig, limits: CallOptions): Promise<void> {
    const host = this.#host
    if (this.backend === 'userspace') {
      await host.sockets.configureDevice(this.name, config, limits)
    } else if (this.#network === host.network) {
      await (await host.backend('kernel')).configureDevice(this.name, config, limits)
    } else {
      const { NetlinkClient } = await import('wireguardnl')
      await using client = new NetlinkClient(await this.#network.kernel())
      await client.configureDevice(this.name, config, limits)
    }
  }

  /** @param limits without a signal: an aborted move may or may not have taken place */
  async moveTo(target: Network, limits: CallOptions): Promise<void> {
    const from = this.#network
    try {
      await from.move(this.name, target, limits)
    } catch (error) {
      // A move that timed out may have taken place: then the interface must be removed there.
      const [here, there] = await Promise.allSettled([from.find(this.name), target.find(this.name)])
      const hasLeft = here.status === 'fulfilled' && here.value === undefined
      const index = there.status === 'fulfilled' ? there.value?.index : undefined
      if (hasLeft && index === this.#index) this.#network = target
      throw error
    }
    this.#network = target
    // Its index may be taken in the other namespace: then the kernel gives it a new one.
    await this.readIndex(limits)
  }

  /** Adds an address. An interface that existed before may have it already. */
  async addAddress(address: string, limits: CallOptions): Promise<void> {
    try {
      await (await this.#network.links()).addAddress(this.name, address, limits)
    } catch (error) {
      const exists = isWireGuardError(error) && error.code === 'EEXIST'
      if (this.created || !exists) throw error
    }
  }

  /**
   * Brings it up. For a new userspace device, waits until the daemon has noticed.
   *
   * @throws WireGuardError `EADDRINUSE` the listen port is taken
   */
  async bringUp(limits: CallOptions): Promise<void> {
    await (await this.#network.links()).setLink(this.name, { up: true }, limits)
    if (this.backend === 'userspace' && this.created) await this.#untilListening(limits)
  }

  async #untilListening(limits: CallOptions): Promise<void> {
    using call = new Call({ operation: 'create device', device: this.name }, limits)
    try {
      for (let wait = 1; ; wait = Math.min(2 * wait, 50)) {
        const { listenPort } = await call.race(this.#host.sockets.device(this.name, limits))
        if (listenPort !== 0) return
        await call.race(sleep(wait))
      }
    } catch (error) {
      throw isWireGuardError(error) && error.code === 'ETIMEDOUT' ? notListening(error) : error
    }
  }

  /**
   * Deletes this interface, but none that has its name since. An interface that no longer exists is
   * no error.
   */
  async remove({ signal, idleTimeout }: CallOptions): Promise<void> {
    if (this.#daemon !== undefined) return await stopDaemon(this.#daemon, this.#path, signal)
    const limits = { signal, idleTimeout }
    const network = this.#network
    if (!network.closed) return await this.#removeFrom(network, limits)
    // An open namespace would outlive its container, so it is not held for as long as the interface
    // exists.
    await using again = await this.#reopen(network)
    if (again !== undefined && again.id === network.id) await this.#removeFrom(again, limits)
  }

  async #removeFrom(network: Network, limits: CallOptions): Promise<void> {
    const exists = async (): Promise<boolean> => {
      const link = await network.find(this.name, limits)
      return link !== undefined && (this.#index === undefined || link.index === this.#index)
    }
    if (!(await exists())) return
    if (this.backend === 'userspace') {
      return await stopListener(this.name, this.#path, exists, limits)
    }
    try {
      await (await network.links()).deleteLink(this.name, limits)
    } catch (error) {
      if (!isWireGuardError(error) || error.code !== 'ENODEV') throw error
    }
  }

  /** Returns undefined when the namespace is gone, and its interfaces with it. */
  async #reopen({ reference }: Network): Promise<Network | undefined> {
    try {
      return await Network.open(reference, this.#host.loadNetlink)
    } catch (error) {
      if (isWireGuardError(error) && (error.code === 'ENOENT' || error.code === 'EINVAL')) {
        return undefined
      }
      throw error
    }
  }

  get #path(): string {
    return socketPath(this.name, this.#host.socketDirectory)
  }
}
