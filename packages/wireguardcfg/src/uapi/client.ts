import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { callDeadline, type CallContext } from '../backend/call.js'
import { type GivenLimits, STREAM_LIMITS } from '../backend/call-limits.js'
import { checkDeviceConfig } from '../backend/check.js'
import type { Deadline } from '../backend/deadline.js'
import { KeyedQueue } from '../backend/queue.js'
import {
  moveToTemporaryPeer,
  removesAllowedIPs,
  type TemporaryPeerMove,
} from '../backend/removal.js'
import { traceMethods } from '../backend/trace-methods.js'
import type { Backend, CallOptions } from '../model/backend.js'
import type { CheckedDeviceConfig, DeviceConfig } from '../model/config.js'
import type { Device, Peer } from '../model/device.js'
import { errorCode, isWireGuardError, WireGuardError } from '../model/errors.js'
import { checkInterfaceName, isInterfaceName } from '../model/interface-name.js'
import { type PublicKey, SecretKey } from '../model/key.js'
import { CALL_OPTIONS, checkOptions, type OptionTable } from '../model/options.js'
import { BORINGTUN, type Dialect, formatDialectProbe, GENERAL } from './dialect.js'
import { formatRemovalProbe, formatSet, GET_REQUEST } from './format.js'
import { requestsOneByOne } from './one-by-one.js'
import { ReplyParser } from './parse.js'
import { PeerStream } from './peer-stream.js'
import { exchange, isListening } from './socket.js'
import { checkZones, type HasInterface, hasInterface } from './zones.js'
import { probeSocket, type SocketState } from './probe.js'
import { DEFAULT_SOCKET_DIRECTORY, fileError, findSocket, SOCKET_SUFFIX } from './socket-path.js'

/** Options of {@link UapiClient}. */
export interface UapiClientOptions {
  /**
   * The directory of the sockets; default `/var/run/wireguard`. Ignored on Windows, where they are
   * named pipes.
   */
  readonly directory?: string | undefined
  /**
   * Returns whether the network namespace of the daemons has an interface of this name. The zones
   * of endpoints are checked with it before anything is sent. The default looks in the namespace of
   * this process.
   */
  readonly hasInterface?: ((name: string) => Promise<boolean | undefined>) | undefined
  /**
   * What to do when an implementation cannot change a peer that exists: boringtun ends when it is
   * asked to. Default false: that is `EOPNOTSUPP`, and nothing is changed. True: the peer is
   * removed and added again, which ends its session and sets its counters to 0.
   */
  readonly allowSessionLoss?: boolean | undefined
}

/**
 * Reads and writes devices of userspace implementations (wireguard-go, boringtun, gotatun,
 * wireguard-rs ...) over the cross-platform text protocol on their unix sockets. Holds no
 * connection between calls. Reads run at once; writes to one device run in the order of the calls.
 *
 * @example
 * ```ts
 * await using client = new UapiClient()
 * for (const name of await client.deviceNames()) console.log(await client.device(name))
 * ```
 *
 * @see https://www.wireguard.com/xplatform/
 */
export class UapiClient implements Backend, AsyncDisposable {
  /** The kind of this backend. */
  readonly kind = 'userspace'
  readonly #directory: string
  readonly #hasInterface: HasInterface
  readonly #allowSessionLoss: boolean
  /** What answers at each socket, by its file. */
  readonly #dialects = new Map<string, { readonly file: string; readonly dialect: Dialect }>()
  readonly #calls = new Set<CallDeadline>()
  readonly #writes = new KeyedQueue()
  /** The writes that may have to roll back. `close()` waits for them. */
  readonly #moves = new Set<Promise<void>>()
  #closed = false

  static {
    traceMethods(this, 'UapiClient', ['mayHave'])
  }

  /** Opens nothing yet. */
  constructor(options: UapiClientOptions = {}) {
    checkOptions(options, CLIENT_OPTIONS, { operation: 'open client' })
    this.#directory = options.directory ?? DEFAULT_SOCKET_DIRECTORY
    this.#hasInterface = options.hasInterface ?? hasInterface
    this.#allowSessionLoss = options.allowSessionLoss ?? false
  }

  /**
   * Returns the names of the interfaces with a socket on which something listens, sorted. A missing
   * directory counts as empty; stale sockets and other files are left out.
   *
   * @throws WireGuardError `EPERM` without permission to read the directory
   *
   * @example
   * ```ts
   * const names = await client.deviceNames() // ['wg0', 'wg1']
   * ```
   */
  deviceNames(options?: CallOptions): Promise<string[]> {
    return this.#run('list devices', undefined, options, async (call) => {
      const candidates = (await this.#entries(call))
        .filter((entry) => entry.endsWith(SOCKET_SUFFIX))
        .map((entry) => entry.slice(0, -SOCKET_SUFFIX.length))
        .filter((name) => isInterfaceName(name))
        .toSorted()
      const names: string[] = []
      for (const name of candidates) {
        const path = findSocket(name, this.#directory)
        if (path !== undefined && (await isListening(path, call))) names.push(name)
        call.touch()
      }
      return names
    })
  }

  /**
   * Returns whether a socket of this name exists; perhaps nothing listens on it. Throws nothing,
   * because an error costs more than the lookup.
   *
   * @example
   * ```ts
   * if (client.mayHave('wg0')) return client.device('wg0')
   * ```
   */
  mayHave(name: string): boolean {
    try {
      return isInterfaceName(name) && findSocket(name, this.#directory) !== undefined
    } catch {
      // The lookup failed. A call reports why.
      return true
    }
  }

  /**
   * Reads the device of one interface.
   *
   * @throws WireGuardError `ENODEV` when it has no socket on which something listens, `EPERM`,
   * `ETIMEDOUT`, `ABORT_ERR`, `EPROTO`, or the error of the daemon
   *
   * @example
   * ```ts
   * const { peers } = await client.device('wg0', { signal: AbortSignal.timeout(1000) })
   * ```
   */
  device(name: string, options?: CallOptions): Promise<Device> {
    return this.#run('read device', name, options, (call) => this.#read(name, call))
  }

  /**
   * Checks the whole configuration, then sends it. Lines take effect one by one. When the daemon
   * refuses one, the lines before it stay applied, and the error's `applied` is `unknown`.
   *
   * @throws WireGuardError `EINVAL` with the `path` of the field, and as {@link UapiClient.device}
   *
   * @example
   * ```ts
   * await client.configureDevice('wg0', { peers: [{ publicKey, allowedIPs: ['10.8.0.2/32'] }] })
   * ```
   */
  configureDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void> {
    return this.#run('configure device', name, options, async (call) => {
      this.#path(name)
      // Take the place in the queue before the check: the check of a later call may end earlier.
      const checking = checkDeviceConfig(config)
      checking.catch(() => {})
      await this.#writes.run(name, call, async () => {
        const checked = await call.whileWorking(checking)
        await call.race(checkZones(checked, name, this.#hasInterface))
        await this.#write(name, checked, call)
      })
    })
  }

  /**
   * Reads the peers of one interface in batches. One batch holds the peers of one received chunk
   * (64 KiB of text). The connection is closed at the end, also when the consumer stops early. The
   * next batch is read when the consumer asks for it. A consumer that keeps one for longer than
   * `idleTimeout` gets `ETIMEDOUT`.
   *
   * @throws WireGuardError as {@link UapiClient.device}, also after the first batch
   *
   * @example
   * ```ts
   * for await (const peers of client.peerBatches('wg0')) console.log(peers.length)
   * ```
   */
  async *peerBatches(name: string, options?: CallOptions): AsyncGenerator<readonly Peer[], void> {
    const context = { operation: 'read device', device: name }
    const call = this.#begin(context, options, STREAM_LIMITS)
    let ended: Promise<void> | undefined
    try {
      const path = this.#path(name)
      const stream = new PeerStream(context.operation, name)
      ended = exchange(path, [GET_REQUEST], stream, call).then(
        () => stream.end(),
        (error: unknown) => stream.end(error),
      )
      for (let peers; (peers = await stream.next()) !== undefined;) yield peers
    } catch (error) {
      throw await this.#explain(error, context)
    } finally {
      // No caller gets this error. It only ends the exchange.
      call.fail(new WireGuardError('the iterator was closed', { code: 'ECANCELED' }))
      await ended
      this.#end(call)
    }
  }

  /**
   * Ends the running calls with `ECANCELED`. Later calls fail with `EBADF`.
   *
   * @example
   * ```ts
   * await client.close() // or `await using client = new UapiClient()`
   * ```
   */
  async close(): Promise<void> {
    this.#closed = true
    for (const call of this.#calls) {
      call.fail(new WireGuardError('the client was closed', { code: 'ECANCELED' }))
    }
    await Promise.allSettled(this.#moves)
  }

  /** Calls {@link UapiClient.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #run<T>(
    operation: string,
    device: string | undefined,
    options: CallOptions | undefined,
    step: (call: CallDeadline) => Promise<T>,
  ): Promise<T> {
    const context = { operation, device }
    const call = this.#begin(context, options)
    try {
      return await step(call)
    } catch (error) {
      throw await this.#explain(error, context)
    } finally {
      this.#end(call)
    }
  }

  async #explain(error: unknown, context: CallContext): Promise<unknown> {
    if (!isWireGuardError(error)) return error
    const { device } = context
    const hasEnded = device !== undefined && (await this.#hasEnded(device, error.code))
    return (hasEnded ? endedDuringCall(error) : error).with(context)
  }

  /** Returns whether the daemon of a broken connection has ended. */
  async #hasEnded(device: string, code: string): Promise<boolean> {
    // EPROTO may also be a reply that is complete and invalid, so it needs the stronger evidence.
    if (code !== 'EPROTO' && code !== 'EPIPE' && code !== 'ECONNRESET') return false
    try {
      const path = findSocket(device, this.#directory)
      if (path === undefined) return true
      return code !== 'EPROTO' && STALE.has(await probeSocket(path))
    } catch {
      return false
    }
  }

  #begin(
    context: CallContext,
    options: CallOptions | undefined,
    defaults?: GivenLimits,
  ): CallDeadline {
    if (context.device !== undefined) checkInterfaceName(context.device)
    checkOptions(options, CALL_OPTIONS, context)
    if (this.#closed)
      throw new WireGuardError('the client is closed', { ...context, code: 'EBADF' })
    const call = callDeadline(context, options, defaults)
    this.#calls.add(call)
    return call
  }

  #end(call: CallDeadline): void {
    this.#calls.delete(call)
    call[Symbol.dispose]()
  }

  async #entries(call: CallDeadline): Promise<string[]> {
    if (process.platform === 'win32') return []
    try {
      const entries = await call.race(readdir(this.#directory, { encoding: 'buffer' }))
      return entries.flatMap((entry) => decode(entry) ?? [])
    } catch (error) {
      if (isWireGuardError(error)) throw error
      if (errorCode(error) === 'ENOENT') return []
      throw fileError(error, this.#directory)
    }
  }

  async #read(name: string, call: CallDeadline): Promise<Device> {
    const path = this.#path(name)
    const file = fileId(path)
    const reply = new ReplyParser('read device', name)
    await exchange(path, [GET_REQUEST], reply, call)
    const device = reply.device(Date.now())
    this.#learn(name, file, reply.dialect)
    return device
  }

  async #write(name: string, config: CheckedDeviceConfig, call: CallDeadline): Promise<void> {
    const hasPeers = (config.peers ?? []).length > 0
    if (hasPeers && !(await this.#dialect(name, call)).changesPeers) {
      const device = await this.#read(name, call)
      for (const request of requestsOneByOne(config, device, this.#allowSessionLoss)) {
        await this.#set(name, formatSet(request), call)
        call.touch()
      }
      return
    }
    if (!removesAllowedIPs(config) || (await this.#canRemoveAllowedIPs(name, call))) {
      await this.#set(name, formatSet(config), call)
      return
    }
    const move = moveToTemporaryPeer(config, await this.#read(name, call))
    const moving = this.#move(name, move, formatSet(move.config), call)
    this.#moves.add(moving)
    try {
      await moving
    } finally {
      this.#moves.delete(moving)
    }
  }

  /** Sends a request. If it fails, removes the temporary peer that it may have left behind. */
  async #move(
    name: string,
    { temporaryPeer }: TemporaryPeerMove,
    request: Iterable<string>,
    call: CallDeadline,
  ): Promise<void> {
    try {
      await this.#set(name, request, call)
    } catch (error) {
      if (temporaryPeer !== undefined) await this.#removeQuietly(name, temporaryPeer)
      throw error
    }
  }

  async #set(name: string, request: Iterable<string>, call: CallDeadline): Promise<void> {
    const path = this.#path(name)
    const reply = new ReplyParser('configure device', name)
    let sent = false
    try {
      await exchange(path, request, reply, call, () => {
        sent = true
      })
      reply.finish()
    } catch (error) {
      throw isWireGuardError(error) && sent ? error.with({ applied: 'unknown' }) : error
    }
  }

  /**
   * Returns what the daemon can do. Unless a reply has told it, it is asked once, until the socket
   * is another file.
   */
  async #dialect(name: string, call: CallDeadline): Promise<Dialect> {
    const path = this.#path(name)
    const file = fileId(path)
    const known = this.#dialects.get(name)
    if (known !== undefined && known.file === file) return known.dialect
    const reply = new ReplyParser('configure device', name)
    await exchange(path, [formatDialectProbe()], reply, call)
    const dialect = reply.complete() === 0 ? GENERAL : BORINGTUN
    this.#learn(name, file, dialect)
    return dialect
  }

  #learn(name: string, file: string | undefined, dialect: Dialect | undefined): void {
    if (file !== undefined && dialect !== undefined) this.#dialects.set(name, { file, dialect })
  }

  /** Asks the daemon. The answer is not kept, because another daemon may run the device by then. */
  async #canRemoveAllowedIPs(name: string, call: CallDeadline): Promise<boolean> {
    const probe = formatRemovalProbe(SecretKey.generatePrivate().publicKey())
    const reply = new ReplyParser('configure device', name)
    await exchange(this.#path(name), [probe], reply, call)
    try {
      reply.finish()
      return true
    } catch {
      return false
    }
  }

  /**
   * Removes the temporary peer after the request that should have removed it failed before that.
   */
  async #removeQuietly(name: string, publicKey: PublicKey): Promise<void> {
    try {
      const context = { operation: 'configure device', device: name }
      // The caller waits for this, perhaps after an abort. Allow one second in all, whatever the
      // progress.
      using call = callDeadline(context, { signal: AbortSignal.timeout(1000) })
      await this.#set(name, formatSet({ peers: [{ publicKey, remove: true }] }), call)
    } catch {
      // The error that led here is the one to report.
    }
  }

  #path(name: string): string {
    const path = findSocket(name, this.#directory)
    if (path !== undefined) return path
    throw new WireGuardError('no such userspace interface', {
      code: 'ENODEV',
      detail: `no socket ${join(this.#directory, name + SOCKET_SUFFIX)}`,
    })
  }
}

const CLIENT_OPTIONS: OptionTable<UapiClientOptions> = {
  directory: 'text',
  hasInterface: 'function',
  allowSessionLoss: 'boolean',
}

/** Identifies a socket while it exists; undefined where sockets are no files. */
function fileId(path: string): string | undefined {
  try {
    const { dev, ino, ctimeNs } = process
      .getBuiltinModule('node:fs')
      .statSync(path, { bigint: true })
    return `${dev}:${ino}:${ctimeNs}`
  } catch {
    return undefined
  }
}

/**
 * Returns the text of a file name; `undefined` when it is not UTF-8. Its text would then also stand
 * for other names.
 */
function decode(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) ? text : undefined
}

type CallDeadline = Deadline<WireGuardError>

const STALE: ReadonlySet<SocketState> = new Set(['stale', 'absent'])

function endedDuringCall({ applied, detail, cause }: WireGuardError): WireGuardError {
  return new WireGuardError('the daemon of this interface ended during the call', {
    code: 'ENODEV',
    applied,
    detail,
    cause,
  })
}
