import { type CallOptions, isWireGuardError, type WireGuardError } from 'wireguardcfg'
import { abortError, callDeadline } from 'wireguardcfg/backend'
import { socketPath } from 'wireguardcfg/internal/socket'
import type { LinkState } from 'wireguardnl'
import { type Host, isUserspace } from '../host.js'
import { Network } from '../network.js'
import { CreationLock } from '../userspace/creation-lock.js'
import { daemonAt } from '../userspace/socket.js'
import { startDaemon } from '../userspace/start.js'
import { interfaceExists, mayHaveMade, noWireGuard, otherBackend, socketExists } from './errors.js'
import { bringInLine, furnish } from './furnish.js'
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
  return ownedDevice(await createInterface(host, name, options))
}

/** As {@link createDevice}; returns the interface itself. */
export async function createInterface(
  host: Host,
  name: string,
  options: CreateOptions,
): Promise<OwnedInterface> {
  return await new Creation(host, await checkCreateOptions(name, options)).run()
}

/** One call of `createDevice`: finds or makes the interface, furnishes it, rolls back a failure. */
class Creation {
  readonly #host: Host
  readonly #wanted: CheckedCreateOptions
  readonly #limits: CallOptions
  /** As {@link StepLimits.unabortable}. */
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

  async run(): Promise<OwnedInterface> {
    try {
      this.#target = await this.#steps.run('open the namespace to move it to', () =>
        this.#openTarget(),
      )
      const found = await this.#steps.run('look for it', () => this.#find())
      const owned = found ?? (await this.#makeOrFind())
      const isKept = !owned.created && this.#wanted.ifExists === 'sync'
      await (isKept ? bringInLine : furnish)(owned, this.#wanted, this.#target, this.#steps, {
        limits: this.#limits,
        unabortable: this.#unabortable,
      })
      return owned
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
   * Looks for an existing interface to use, unless it would be an error: first in the namespace
   * `moveTo`, then in the namespace where it would be created.
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
   * Takes the lock of the userspace interface. A call that may use an existing one waits for the
   * call that has the lock.
   */
  async #takeLock(): Promise<void> {
    if (this.#lock !== undefined) return
    const { name, ifExists } = this.#wanted
    using wait = callDeadline({ operation: 'create device', device: name }, this.#limits)
    this.#lock = await CreationLock.take(this.#path, ifExists === 'error' ? undefined : wait)
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
}
