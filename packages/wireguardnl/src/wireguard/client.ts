import {
  type Backend,
  type CallOptions,
  checkInterfaceName,
  type Device,
  type DeviceConfig,
  isWireGuardError,
  type Peer,
  WireGuardError,
} from 'wireguardcfg'
import { checkDeviceConfig, KeyedQueue } from 'wireguardcfg/backend'
import { Connection } from '../netlink/connection.js'
import { NETLINK_GENERIC, NETLINK_ROUTE } from '../netlink/constants.js'
import { listLinks } from '../route/link.js'
import { NetlinkCall } from './call.js'
import { WG_GENL_NAME } from './constants.js'
import { type ErrorContext, toWireGuardError } from './errors.js'
import { type KernelHandle, kernelOf, runningKernel } from './kernel.js'
import { ConnectionPool } from './pool.js'
import { readPeers } from './dump/read.js'
import { untilDeleted } from './open-dumps.js'
import { changed, DeviceSession, type SessionResources } from './session.js'

/**
 * The WireGuard devices of the Linux kernel, in the network namespace that the thread is in when a
 * socket is opened, or in that of `kernelIn`.
 *
 * Up to eight exchanges run at a time. Writes to one device run in the order in which they were
 * made; a read of the same client comes between two messages of a long write, so that it finds the
 * device at rest. Between calls its sockets stay open, at most nine, and nothing that keeps the
 * process alive. Elsewhere than on Linux every call rejects with `EOPNOTSUPP`.
 */
export class NetlinkClient implements Backend, AsyncDisposable {
  /** Its devices are run by the kernel. */
  readonly kind = 'kernel'
  readonly #resources: SessionResources
  readonly #route: Connection
  /** By device: one configuration at a time, of whose messages each is an exchange of a session. */
  readonly #writes = new KeyedQueue()
  readonly #calls = new Set<NetlinkCall>()
  #closed = false

  /**
   * Nothing is opened yet.
   *
   * @param kernel made by `kernelIn`; by default, the network namespace of the thread
   */
  constructor(kernel: KernelHandle = runningKernel) {
    const known = kernelOf(kernel)
    const pool = new ConnectionPool(() => new Connection(() => known.open(NETLINK_GENERIC)))
    this.#resources = { kernel: known, pool, exchanges: new KeyedQueue() }
    this.#route = new Connection(() => known.open(NETLINK_ROUTE))
  }

  /** The names of the WireGuard interfaces, in the kernel's order. Needs no privilege. */
  deviceNames(options?: CallOptions): Promise<string[]> {
    return this.#run('list devices', undefined, options, async ({ exchange }) => {
      const links = await listLinks(this.#route, WG_GENL_NAME, exchange)
      return links.map(({ name }) => name)
    })
  }

  /**
   * Reads one interface; when it is changed meanwhile, again, at most 20 times.
   *
   * @throws WireGuardError `ENODEV` no such interface, `EOPNOTSUPP` not WireGuard,
   * `EPROTONOSUPPORT` no module, `EPERM`, `EAGAIN` it changed during every read, `EPROTO`,
   * `ETIMEDOUT`, `ABORT_ERR`
   */
  device(name: string, options?: CallOptions): Promise<Device> {
    return this.#run('read device', name, options, (call) => this.#session(name, call).read())
  }

  /**
   * Checks the whole configuration, then sends it in as many messages as it takes. Nothing is taken
   * back when one of them fails: the error's `applied` says how many peers took effect.
   *
   * @throws WireGuardError `EINVAL` with the `path` of the field, `EADDRINUSE` the listen port is
   * taken, and as {@link NetlinkClient.device}
   */
  configureDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void> {
    return this.#run('configure device', name, options, async (call) => {
      // The place in the queue comes first: checking may take one call longer than another.
      await this.#writes.run(name, call.deadline, async () => {
        // A process that only reads does without this file.
        const prepared = Promise.all([import('./set/apply.js'), checkDeviceConfig(config)])
        const [{ checkZones, applyConfig }, checked] = await call.deadline.whileWorking(prepared)
        checkZones(checked, this.#resources.kernel.zones)
        await applyConfig(this.#session(name, call), checked)
      })
    })
  }

  /**
   * The peers of one interface, those of one datagram (32 KiB) at a time, on a socket of its own,
   * which is closed at the end and when the consumer leaves. A consumer that keeps a batch for
   * longer than `idleTimeout` finds `ETIMEDOUT`: nobody can delete an interface while a dump of it
   * is unfinished. When this thread deletes the interface, it finds `ENODEV`.
   *
   * @throws WireGuardError `EAGAIN` the interface was changed after the first batch; and as
   * {@link NetlinkClient.device}
   */
  async *peerBatches(name: string, options?: CallOptions): AsyncGenerator<readonly Peer[], void> {
    const call = this.#begin('read device', name, options).detach()
    const session = this.#session(name, call)
    const { kernel, pool } = this.#resources
    try {
      for (let reads = 1; ; reads++) {
        let begun = false
        let interrupted = false
        for await (const peers of pool.stream((connection) =>
          untilDeleted(readPeers(connection, name, kernel, call.exchange), {
            kernel,
            name,
            connection,
          }),
        )) {
          interrupted = peers === undefined
          if (peers === undefined) break
          begun = true
          yield peers
        }
        if (!interrupted) return
        if (begun) throw changed('the device changed while it was read')
        await session.pauseBetweenReads(reads)
      }
    } catch (error) {
      throw await this.#explain(error, call)
    } finally {
      this.#end(call)
    }
  }

  /**
   * Ends the calls under way, streams included, with `ECANCELED`, and waits for them; later ones
   * fail with `EBADF`.
   */
  async close(): Promise<void> {
    this.#closed = true
    const calls = [...this.#calls]
    for (const call of calls) call.cancel()
    const { pool } = this.#resources
    await Promise.all([pool.close(), this.#route.close(), ...calls.map(({ ended }) => ended)])
  }

  /** {@link NetlinkClient.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #session(name: string, call: NetlinkCall): DeviceSession {
    return new DeviceSession(name, call, this.#resources)
  }

  async #run<T>(
    operation: string,
    device: string | undefined,
    options: CallOptions | undefined,
    step: (call: NetlinkCall) => Promise<T>,
  ): Promise<T> {
    const call = this.#begin(operation, device, options)
    try {
      return await step(call)
    } catch (error) {
      throw await this.#explain(error, call)
    } finally {
      this.#end(call)
    }
  }

  #begin(
    operation: string,
    device: string | undefined,
    options: CallOptions | undefined,
  ): NetlinkCall {
    const context: ErrorContext = { operation, device }
    try {
      if (device !== undefined) checkInterfaceName(device)
      if (this.#closed) throw new WireGuardError('the client is closed', { code: 'EBADF' })
      const call = new NetlinkCall(context, options ?? {})
      this.#calls.add(call)
      return call
    } catch (error) {
      throw toWireGuardError(error, context)
    }
  }

  #end(call: NetlinkCall): void {
    this.#calls.delete(call)
    call[Symbol.dispose]()
  }

  async #explain(error: unknown, { context, exchange }: NetlinkCall): Promise<unknown> {
    const known = toWireGuardError(error, context)
    // Where the fault is in the configuration, the interface is not in question.
    if (!isWireGuardError(known) || known.path !== undefined || context.device === undefined) {
      return known
    }
    try {
      const { diagnose } = await import('./diagnose.js')
      return (await diagnose(known, this.#route, exchange, context)) ?? known
    } catch {
      return known
    }
  }
}
