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
import {
  CALL_OPTIONS,
  checkNumber,
  checkOptions,
  inContext,
  limitsOf,
  MOST_PEERS,
  type OptionTable,
  STREAM_LIMITS,
  traceMethods,
} from 'wireguardcfg/internal'
import { Connection } from '../netlink/connection.js'
import { NETLINK_GENERIC, NETLINK_ROUTE } from '../netlink/constants.js'
import { listLinks } from '../route/link.js'
import { routeRequestName } from '../route/request-name.js'
import { NetlinkCall } from './call.js'
import { WG_GENL_NAME } from './constants.js'
import { type ErrorContext, toWireGuardError } from './errors.js'
import { type KernelHandle, kernelOf, runningKernel } from './kernel.js'
import { ConnectionPool } from './pool.js'
import { diagnose } from './diagnose.js'
import { genericRequestName } from './request-name.js'
import { DumpMemory } from './dump/memory.js'
import { readPeers } from './dump/read.js'
import { applyConfig } from './set/apply.js'
import { checkZones } from './set/messages.js'
import { untilDeleted } from './open-dumps.js'
import { changed, DeviceSession, type SessionResources } from './session.js'

/** Options of `NetlinkClient.reader`. */
export interface ReaderOptions {
  /** The most peers of a device that is remembered; default 20000, some 5 MB of bytes. */
  readonly mostPeers?: number | undefined
}

const READER_OPTIONS: OptionTable<ReaderOptions> = { mostPeers: 'checked later' }

/** Reads one device again and again. One read at a time. */
export interface DeviceReader {
  /** As {@link NetlinkClient.device}. */
  readonly read: (options?: CallOptions) => Promise<Device>
  /** Forgets what it remembers. */
  readonly close: () => void
}

/**
 * Reads and writes the WireGuard devices of the Linux kernel, in the network namespace of the
 * thread at the time a socket is opened, or in that of `kernelIn`.
 *
 * Up to eight exchanges run at a time. Writes to one device run in the order of the calls. A read
 * of the same client comes between two messages of a long write, so that the device does not change
 * during the read. Between calls at most nine sockets stay open; nothing keeps the process alive.
 * On other systems than Linux every call rejects with `EOPNOTSUPP`.
 *
 * @example
 * ```ts
 * await using client = new NetlinkClient()
 * for (const name of await client.deviceNames()) console.log(await client.device(name))
 * ```
 */
export class NetlinkClient implements Backend, AsyncDisposable {
  /** The kind of this backend. */
  readonly kind = 'kernel'
  readonly #resources: SessionResources
  readonly #route: Connection
  /**
   * The writes of each device, one at a time. Each message of a write is an exchange of its own.
   */
  readonly #writes = new KeyedQueue()
  readonly #calls = new Set<NetlinkCall>()
  #closed = false

  static {
    traceMethods(this, 'NetlinkClient')
  }

  /**
   * Opens nothing yet.
   *
   * @param kernel from `kernelIn`; default: the network namespace of the thread
   */
  constructor(kernel: KernelHandle = runningKernel) {
    const known = kernelOf(kernel)
    const open = () => known.open(NETLINK_GENERIC)
    const pool = new ConnectionPool(() => new Connection(open, undefined, genericRequestName))
    this.#resources = { kernel: known, pool, exchanges: new KeyedQueue() }
    this.#route = new Connection(() => known.open(NETLINK_ROUTE), undefined, routeRequestName)
  }

  /**
   * Returns the names of the WireGuard interfaces, in the kernel's order. Needs no privilege.
   *
   * @example
   * ```ts
   * const names = await client.deviceNames() // ['wg0', 'wg1']
   * ```
   */
  deviceNames(options?: CallOptions): Promise<string[]> {
    return this.#run('list devices', undefined, options, async ({ exchange }) => {
      const links = await listLinks(this.#route, WG_GENL_NAME, exchange)
      return links.map(({ name }) => name)
    })
  }

  /**
   * Reads the device of one interface. Reads it again when it changed during the read, 20 times at
   * most.
   *
   * @throws WireGuardError `ENODEV` no such interface, `EOPNOTSUPP` not WireGuard,
   * `EPROTONOSUPPORT` no module, `EPERM`, `EAGAIN` it changed during every read, `EPROTO`,
   * `ETIMEDOUT`, `ABORT_ERR`
   *
   * @example
   * ```ts
   * const { peers } = await client.device('wg0', { signal: AbortSignal.timeout(1000) })
   * ```
   */
  device(name: string, options?: CallOptions): Promise<Device> {
    return this.#run('read device', name, options, (call) => this.#session(name, call).read())
  }

  /**
   * Returns a reader of one device that is read again and again. It remembers the bytes of the last
   * read: peers in a datagram that has not changed are the same frozen objects as before. Close it,
   * because it remembers keys. Of a device with more than `mostPeers` peers it remembers nothing.
   *
   * @throws WireGuardError `EINVAL` for options without a valid value
   * @throws WireGuardError from its `read` as {@link NetlinkClient.device}
   *
   * @example
   * ```ts
   * const reader = client.reader('wg0')
   * const [before, after] = [await reader.read(), await reader.read()]
   * console.log(before.peers[0] === after.peers[0]) // true, if nothing changed
   * reader.close()
   * ```
   */
  reader(name: string, options: ReaderOptions = {}): DeviceReader {
    checkOptions(options, READER_OPTIONS, { operation: 'read device', device: name })
    const { mostPeers = 20_000 } = options
    inContext({ operation: 'read device', device: name }, () =>
      checkNumber('mostPeers', mostPeers, { max: MOST_PEERS, expected: 'a number of peers' }),
    )
    const memory = new DumpMemory(mostPeers)
    return {
      read: (its) =>
        this.#run('read device', name, its, (call) => this.#session(name, call).read(memory)),
      close: () => memory.wipe(),
    }
  }

  /**
   * Checks the whole configuration, then sends it in as many messages as necessary. Nothing is
   * rolled back when one of them fails; the error's `applied` is the number of peers that had been
   * applied.
   *
   * @throws WireGuardError `EINVAL` with the `path` of the field, `EADDRINUSE` the listen port is
   * in use, and as {@link NetlinkClient.device}
   *
   * @example
   * ```ts
   * await client.configureDevice('wg0', { peers: [{ publicKey, allowedIPs: ['10.8.0.2/32'] }] })
   * ```
   */
  configureDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void> {
    return this.#run('configure device', name, options, async (call) => {
      // Take the place in the queue before the check: the check of a later call may end earlier.
      await this.#writes.run(name, call.deadline, async () => {
        const checked = await call.deadline.whileWorking(checkDeviceConfig(config))
        checkZones(checked, this.#resources.kernel.zones)
        await applyConfig(this.#session(name, call), checked)
      })
    })
  }

  /**
   * Reads the peers of one interface in batches. One batch holds the peers of one datagram (32
   * KiB). The dump has a socket of its own, which is closed at the end, also when the consumer
   * stops early. A consumer that keeps a batch for longer than `idleTimeout` gets `ETIMEDOUT`,
   * because the kernel deletes no interface while a dump of it is unfinished. It gets `ENODEV` when
   * this thread deletes the interface.
   *
   * @throws WireGuardError `EAGAIN` the interface changed after the first batch; and as
   * {@link NetlinkClient.device}
   *
   * @example
   * ```ts
   * for await (const peers of client.peerBatches('wg0')) console.log(peers.length)
   * ```
   */
  async *peerBatches(name: string, options?: CallOptions): AsyncGenerator<readonly Peer[], void> {
    const call = this.#begin('read device', name, options, STREAM_LIMITS).detach()
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
   * Ends the running calls with `ECANCELED`, streams included, and waits for them. Later calls fail
   * with `EBADF`.
   *
   * @example
   * ```ts
   * await client.close() // or `await using client = new NetlinkClient()`
   * ```
   */
  async close(): Promise<void> {
    this.#closed = true
    const calls = [...this.#calls]
    for (const call of calls) call.cancel()
    // A call that rolls back needs the pool until it has ended.
    await Promise.all(calls.map(({ ended }) => ended))
    await Promise.all([this.#resources.pool.close(), this.#route.close()])
  }

  /** Calls {@link NetlinkClient.close}. */
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
    defaults: CallOptions = {},
  ): NetlinkCall {
    const context: ErrorContext = { operation, device }
    try {
      if (device !== undefined) checkInterfaceName(device)
      checkOptions(options, CALL_OPTIONS)
      if (this.#closed) throw new WireGuardError('the client is closed', { code: 'EBADF' })
      const call = new NetlinkCall(context, limitsOf(options, defaults))
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
    // With a path, the fault is in the configuration and not in the interface.
    if (!isWireGuardError(known) || known.path !== undefined || context.device === undefined) {
      return known
    }
    try {
      return (await diagnose(known, this.#route, exchange, context)) ?? known
    } catch {
      return known
    }
  }
}
