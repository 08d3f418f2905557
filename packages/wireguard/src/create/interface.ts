import { setTimeout as sleep } from 'node:timers/promises'
import {
  type BackendKind,
  type CallOptions,
  type DeviceConfig,
  isWireGuardError,
} from 'wireguardcfg'
import { callDeadline, type CheckedDeviceConfig } from 'wireguardcfg/backend'
import { limitsOf } from 'wireguardcfg/internal'
import { socketPath } from 'wireguardcfg/internal/socket'
import type { LinkState } from 'wireguardnl'
import type { Host } from '../host.js'
import { Network } from '../network.js'
import type { Daemon } from '../userspace/daemon.js'
import { hasTunInterface, socketId } from '../userspace/serving.js'
import { syncChecked, type SyncTarget } from '../sync/sync.js'
import { stopDaemon, stopListener } from '../userspace/stop.js'
import { interfaceExists, notListening, replaced } from './errors.js'

/** The index of no interface. */
const NONE = 0

/** The facts about an interface that was found or created. */
export interface InterfaceInit {
  readonly name: string
  readonly backend: BackendKind
  /** The reason for a userspace device after the kernel was tried first. */
  readonly fallback?: string | undefined
  /** False for an interface that existed before. */
  readonly created: boolean
  /** The userspace implementation of the interface, if this process started it. */
  readonly daemon?: Daemon | undefined
  /** The namespace of the interface. */
  readonly network: Network
  /** Its index there, which distinguishes it from a later interface of the same name. */
  readonly index?: number | undefined
}

/** An interface that `createDevice` found or created. It tracks the namespace of the interface. */
export class OwnedInterface {
  readonly name: string
  readonly backend: BackendKind
  readonly fallback: string | undefined
  readonly created: boolean
  readonly #host: Host
  readonly #daemon: Daemon | undefined
  #network: Network
  #index: number | undefined
  /** The file of its socket, by `socketId`; undefined for a kernel interface. */
  readonly #socket: string | undefined

  constructor(host: Host, init: InterfaceInit) {
    this.name = init.name
    this.backend = init.backend
    this.fallback = init.fallback
    this.created = init.created
    this.#host = host
    this.#daemon = init.daemon
    this.#network = init.network
    this.#index = init.index
    this.#socket = init.backend === 'userspace' ? socketOf(init.daemon, this.#path) : undefined
  }

  /** The current namespace of the interface. */
  get network(): Network {
    return this.#network
  }

  /**
   * Reads the index of the new interface. Before that, only the name identifies it.
   *
   * @throws WireGuardError `EEXIST` another program has made an interface of this name
   */
  async recognize(limits: CallOptions): Promise<void> {
    const link = await this.#network.find(this.name, limits)
    const isOurs = link !== undefined && this.#made(link)
    this.#index = isOurs ? link.index : NONE
    if (link !== undefined && !isOurs) throw interfaceExists(link.kind)
  }

  #made({ name, kind }: LinkState): boolean {
    if (this.backend === 'kernel') return kind === 'wireguard'
    const daemon = this.#daemon
    return kind === 'tun' && (daemon === undefined || hasTunInterface(daemon, name) !== false)
  }

  /**
   * Checks that the name still stands for this interface, and the path for its socket.
   *
   * @throws WireGuardError `ENODEV` it was deleted, or another one has its name
   */
  async #check(limits: CallOptions): Promise<void> {
    if (this.#socket !== undefined && socketId(this.#path) !== this.#socket) throw replaced()
    if (this.#index === undefined || this.#index === NONE) return
    const link = await this.#network.find(this.name, limits)
    if (link?.index !== this.#index) throw replaced()
  }

  async setMtu(mtu: number, limits: CallOptions): Promise<void> {
    await this.#check(limits)
    await (await this.#network.links()).setLink(this.name, { mtu }, limits)
  }

  /** Sets the keys, the listen port and the peers. */
  async configure(config: DeviceConfig, limits: CallOptions): Promise<void> {
    await this.#onBackend(limits, (backend) => backend.configureDevice(this.name, config, limits))
  }

  /** Makes its configuration the given one. Returns whether something differed. */
  async sync(config: CheckedDeviceConfig, limits: CallOptions): Promise<boolean> {
    let changed = false
    await this.#onBackend(limits, async (backend) => {
      const target: SyncTarget = {
        device: (name, options) => backend.device(name, options),
        configureDevice: async (name, difference, options) => {
          changed = true
          await backend.configureDevice(name, difference, options)
        },
      }
      await syncChecked(target, this.name, config, () => 'keep-roamed', limits)
    })
    return changed
  }

  async #onBackend(limits: CallOptions, use: (backend: SyncTarget) => Promise<void>) {
    const host = this.#host
    await this.#check(limits)
    if (this.backend === 'userspace') return await use(host.sockets)
    if (this.#network === host.network) return await use(await host.backend('kernel'))
    await using client = await this.#network.client()
    return await use(client)
  }

  /**
   * Moves the interface to another namespace.
   *
   * @param limits without a signal, because an aborted move may have taken effect
   */
  async moveTo(target: Network, limits: CallOptions): Promise<void> {
    const from = this.#network
    await this.#check(limits)
    try {
      await from.move(this.name, target, limits)
    } catch (error) {
      // A move that timed out may have taken effect. Then the rollback must remove the interface
      // from the other namespace.
      const [here, there] = await Promise.allSettled([from.find(this.name), target.find(this.name)])
      const hasLeft = here.status === 'fulfilled' && here.value === undefined
      const index = there.status === 'fulfilled' ? there.value?.index : undefined
      if (hasLeft && index === this.#index) this.#network = target
      throw error
    }
    this.#network = target
    // The kernel assigns a new index if this one is taken in the other namespace.
    this.#index = (await target.find(this.name, limits))?.index ?? NONE
  }

  /** Adds an address. On an interface that existed before, ignores that it is there already. */
  async addAddress(address: string, limits: CallOptions): Promise<void> {
    await this.#check(limits)
    try {
      await (await this.#network.links()).addAddress(this.name, address, limits)
    } catch (error) {
      const exists = isWireGuardError(error) && error.code === 'EEXIST'
      if (this.created || !exists) throw error
    }
  }

  /** Removes an address. */
  async removeAddress(address: string, limits: CallOptions): Promise<void> {
    await this.#check(limits)
    await (await this.#network.links()).removeAddress(this.name, address, limits)
  }

  /** Reads its addresses. */
  async addresses(limits: CallOptions): Promise<string[]> {
    await this.#check(limits)
    return await (await this.#network.links()).addresses(this.name, limits)
  }

  /** Reads the state of the interface. */
  async link(limits: CallOptions): Promise<LinkState> {
    return await (await this.#network.links()).link(this.name, limits)
  }

  /** Brings the interface down, which removes its IPv6 addresses. */
  async bringDown(limits: CallOptions): Promise<void> {
    await this.#check(limits)
    await (await this.#network.links()).setLink(this.name, { up: false }, limits)
  }

  /**
   * Brings the interface up. For a new userspace device, waits until the daemon has noticed.
   *
   * @throws WireGuardError `EADDRINUSE` the listen port is taken
   */
  async bringUp(limits: CallOptions): Promise<void> {
    await this.#check(limits)
    await (await this.#network.links()).setLink(this.name, { up: true }, limits)
    if (this.backend === 'userspace' && this.created) await this.#untilListening(limits)
  }

  async #untilListening(limits: CallOptions): Promise<void> {
    using call = callDeadline({ operation: 'create device', device: this.name }, limits)
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
   * Deletes this interface, but not a later interface of the same name. Does nothing if the
   * interface no longer exists.
   */
  async remove(options: CallOptions): Promise<void> {
    const limits = limitsOf(options)
    if (this.#daemon !== undefined) {
      return await stopDaemon(this.#daemon, this.#path, limits.signal)
    }
    const network = this.#network
    if (!network.closed) return await this.#removeFrom(network, limits)
    // A descriptor would keep the namespace alive after the end of its container. Therefore none is
    // kept until the interface is deleted.
    await using reopened = await this.#reopen(network)
    if (reopened !== undefined && reopened.id === network.id) {
      await this.#removeFrom(reopened, limits)
    }
  }

  async #removeFrom(network: Network, limits: CallOptions): Promise<void> {
    const exists = async (): Promise<boolean> => {
      const link = await network.find(this.name, limits)
      return link !== undefined && (this.#index === undefined || link.index === this.#index)
    }
    if (!(await exists())) return
    if (this.backend === 'userspace') {
      if (this.#socket === undefined) return
      const listening = { name: this.name, path: this.#path, socket: this.#socket }
      return await stopListener(listening, exists, limits)
    }
    try {
      await (await network.links()).deleteLink(this.name, limits)
    } catch (error) {
      if (!isWireGuardError(error) || error.code !== 'ENODEV') throw error
    }
  }

  /** Opens the namespace again. Returns undefined if it no longer exists. */
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

function socketOf(daemon: Daemon | undefined, path: string): string | undefined {
  return daemon === undefined ? socketId(path) : daemon.socket
}
