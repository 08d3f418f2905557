import { type CallOptions, isWireGuardError, type WireGuardError } from 'wireguardcfg'
import { abortError, callDeadline, markChecked } from 'wireguardcfg/backend'
import { socketPath } from 'wireguardcfg/internal/socket'
import type { LinkState } from 'wireguardnl'
import { type Host, isUserspace } from '../host.js'
import { Network } from '../network.js'
import { CreationLock } from '../userspace/creation-lock.js'
import { daemonAt } from '../userspace/socket.js'
import { startDaemon } from '../userspace/start.js'
import { interfaceExists, mayHaveMade, noWireGuard, otherBackend, socketExists } from './errors.js'
import { type InterfaceInit, OwnedInterface } from './interface.js'
import { explainExisting, findUserspace } from './existing.js'
import { checkCreateOptions, type CheckedCreateOptions, type CreateOptions } from './options.js'
import { type OwnedDevice, ownedDevice } from './owned-device.js'
import { Steps } from './steps.js'

/**
 * Creates an interface, or finds an existing one, and applies the options. A new interface is down
 * until it is configured, moved and addressed. When a step fails, the call rolls back before it
 * rejects.
 */
export async function createDevice(
  host: Host,
  name: string,
  options: CreateOptions,
): Promise<OwnedDevice> {
  return await new Creation(host, await checkCreateOptions(name, options)).run()
}

/** One call of `createDevice`: finds or makes the interface, furnishes it, rolls back a failure. */
class Creation {
  readonly #host: Host
  readonly #wanted: CheckedCreateOptions
  readonly #limits: CallOptions
  /**
   * The limits of steps that create, move or delete an interface. They have no signal, because an
   * abort would leave it unknown whether the step took effect.
   */
  readonly #unabortable: CallOptions
  readonly #steps: Steps
  /** The namespace to move the interface to, if any. */
  #target: Network | undefined
  /** Keeps other calls from creating the userspace interface, until this one is done with it. */
  #lock: CreationLock | undefined

  constructor(host: Host, wanted: CheckedCreateOptions) {
    const { name, signal, idleTimeout, timeout } = wanted
    this.#host = host
    this.#wanted = wanted
    this.#limits = { signal, idleTimeout, timeout }
    this.#unabortable = { idleTimeout }
    this.#steps = new Steps(name, () => {
      if (signal?.aborted !== true) return
      throw abortError({ operation: 'create device', device: name }, signal.reason)
    })
  }

  async run(): Promise<OwnedDevice> {
    try {
      this.#target = await this.#steps.run('open the namespace to move it to', () =>
        this.#openTarget(),
      )
      const found = await this.#steps.run('look for it', () => this.#find())
      const owned = found ?? (await this.#makeOrFind())
      await this.#furnish(owned)
      return ownedDevice(owned)
    } catch (error) {
      throw await this.#steps.rollBack(error)
    } finally {
      await this.#lock?.[Symbol.asyncDispose]()
      await this.#target?.close()
    }
  }

  async #openTarget(): Promise<Network | undefined> {
    const { moveTo } = this.#wanted
    return moveTo === undefined ? undefined : await Network.open(moveTo, this.#host.loadNetlink)
  }

  /**
   * Looks for an existing interface to use (`ifExists: 'use'`): first in the namespace `moveTo`,
   * then in the namespace where it would be created.
   *
   * @throws WireGuardError `EOPNOTSUPP` it is not WireGuard, `EEXIST` it uses another backend than
   * the options require
   */
  async #find(): Promise<OwnedInterface | undefined> {
    const { name, ifExists } = this.#wanted
    if (ifExists === 'error') return undefined
    const here = this.#host.network
    for (const network of this.#target === undefined ? [here] : [this.#target, here]) {
      const link = await network.find(name, this.#limits)
      const isOther = link !== undefined && link.kind !== 'wireguard'
      // Another call may still be furnishing it, or rolling it back.
      if (isOther && this.#host.has('userspace')) await this.#takeLock()
      const found = isOther ? await findUserspace(this.#host, network, name, this.#limits) : link
      if (found !== undefined) return this.#use(found, network)
    }
    return undefined
  }

  /**
   * Takes the lock of the userspace interface. With `ifExists: 'use'`, waits for the call that has
   * it.
   */
  async #takeLock(): Promise<void> {
    if (this.#lock !== undefined) return
    const { name, ifExists } = this.#wanted
    using wait = callDeadline({ operation: 'create device', device: name }, this.#limits)
    this.#lock = await CreationLock.take(this.#path, ifExists === 'use' ? wait : undefined)
  }

  get #path(): string {
    return socketPath(this.#wanted.name, this.#host.socketDirectory)
  }

  #use({ name, kind, index }: LinkState, network: Network): OwnedInterface {
    const backend = kind === 'wireguard' ? 'kernel' : 'userspace'
    if (this.#wanted.backend !== 'auto' && this.#wanted.backend !== backend) {
      throw otherBackend(backend)
    }
    const daemon = backend === 'userspace' ? daemonAt(this.#path) : undefined
    const created = false
    return new OwnedInterface(this.#host, { name, backend, created, daemon, network, index })
  }

  async #makeOrFind(): Promise<OwnedInterface> {
    try {
      return await this.#make()
    } catch (error) {
      // Another program may have created it since the search. Then use that one.
      const found =
        isWireGuardError(error) && error.code === 'EEXIST' ? await this.#find() : undefined
      if (found === undefined) throw error
      return found
    }
  }

  /**
   * Creates an interface that is down and has no configuration.
   *
   * @throws WireGuardError `EEXIST`, `EPERM`, `EPROTONOSUPPORT` no kernel module (and no userspace
   * implementation either), `ENOENT` no userspace implementation, and as `startDaemon`
   */
  async #make(): Promise<OwnedInterface> {
    const made = await this.#steps.run('create it', () => this.#makeByBackend())
    await this.#steps.run('find it', () => made.recognize(this.#unabortable))
    return made
  }

  async #makeByBackend(): Promise<OwnedInterface> {
    const { backend } = this.#wanted
    if (backend === 'kernel') return await this.#makeInKernel()
    if (backend === 'userspace' || !this.#host.has('kernel')) return await this.#makeInUserspace()
    try {
      return await this.#makeInKernel()
    } catch (error) {
      const isMissing = isWireGuardError(error) && error.code === 'EPROTONOSUPPORT'
      if (!isMissing || !this.#host.has('userspace')) throw error
      return await this.#fallBack(error)
    }
  }

  async #makeInKernel(): Promise<OwnedInterface> {
    const { name } = this.#wanted
    await this.#host.backend('kernel')
    // The socket has precedence, so calls with this name would never reach the new interface.
    if (await isUserspace(this.#host, name, this.#limits)) throw socketExists(name)
    const links = await this.#host.network.links()
    try {
      await links.createLink(name, {}, this.#unabortable)
    } catch (error) {
      throw await mayHaveMade(await explainExisting(error, this.#host, name), this.#host, name)
    }
    return this.#made({ backend: 'kernel' })
  }

  async #fallBack(reason: WireGuardError): Promise<OwnedInterface> {
    const detail = reason.detail === undefined ? '' : ` (${reason.detail})`
    try {
      return await this.#makeInUserspace(`the kernel has no WireGuard${detail}`)
    } catch (error) {
      throw isWireGuardError(error) && error.code === 'ENOENT' ? noWireGuard(reason, error) : error
    }
  }

  async #makeInUserspace(fallback?: string): Promise<OwnedInterface> {
    const { name } = this.#wanted
    const { network, sockets } = this.#host
    await this.#host.backend('userspace')
    await this.#takeLock()
    const existing = await network.find(name, this.#limits)
    if (existing !== undefined) {
      throw await explainExisting(interfaceExists(existing.kind), this.#host, name)
    }
    const daemon = await startDaemon(name, {
      path: this.#path,
      client: sockets,
      within: await network.within(),
      exists: async () => (await network.find(name, this.#limits)) !== undefined,
      ...this.#limits,
    })
    return this.#made({ backend: 'userspace', fallback, daemon })
  }

  /** Records the new interface, so that the rollback removes it. */
  #made(facts: Pick<InterfaceInit, 'backend' | 'fallback' | 'daemon'>): OwnedInterface {
    const { name } = this.#wanted
    const { network } = this.#host
    const made = new OwnedInterface(this.#host, { ...facts, name, created: true, network })
    this.#steps.onFailure(() => this.#undo(made))
    return made
  }

  /**
   * Removes the interface from its current namespace. The limits of the caller may be the reason,
   * so it has its own: the defaults.
   */
  async #undo(made: OwnedInterface): Promise<void> {
    await made.remove({})
  }

  /** Applies the options, then brings the interface up. */
  async #furnish(owned: OwnedInterface): Promise<void> {
    const { mtu, config, addresses, up } = this.#wanted
    if (mtu !== undefined) {
      // Before the move, because a daemon reads the MTU in the namespace in which it was started.
      await this.#steps.run('set its MTU', () => owned.setMtu(mtu, this.#limits))
    }
    const latePort = this.#latePort(owned)
    if (config !== undefined) {
      const early =
        latePort === undefined ? config : markChecked({ ...config, listenPort: undefined })
      await this.#steps.run('configure it', () => owned.configure(early, this.#limits))
    }
    const target = this.#target
    if (target !== undefined && owned.network !== target) {
      await this.#steps.run('move it', () => owned.moveTo(target, this.#unabortable))
    }
    for (const address of addresses) {
      await this.#steps.run(`add address ${address}`, () => owned.addAddress(address, this.#limits))
    }
    if (!up) return
    await this.#steps.run('bring it up', async () => {
      await owned.bringUp(this.#limits)
      if (latePort !== undefined) await owned.configure({ listenPort: latePort }, this.#limits)
    })
  }

  /**
   * Returns the listen port to set after a new userspace device is up. A daemon binds its port when
   * it notices that its interface is up, and then reports a taken port only in its log. If the port
   * is set later, the reply carries the error.
   */
  #latePort({ backend, created }: OwnedInterface): number | undefined {
    const { config, up } = this.#wanted
    const port = backend === 'userspace' && created && up ? config?.listenPort : undefined
    return port === 0 ? undefined : port
  }
}
