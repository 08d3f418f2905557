import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { callDeadline, type CallContext } from '../backend/call.js'
import type { Deadline } from '../backend/deadline.js'
import { KeyedQueue } from '../backend/queue.js'
import type { Backend, CallOptions } from '../model/backend.js'
import type { CheckedDeviceConfig, DeviceConfig } from '../model/config.js'
import type { Device, Peer } from '../model/device.js'
import { errorCode, isWireGuardError, WireGuardError } from '../model/errors.js'
import {
  checkInterfaceName,
  checkPortableInterfaceName,
  isPortableInterfaceName,
} from '../model/interface-name.js'
import { type PublicKey, SecretKey } from '../model/key.js'
import type * as Protocol from './protocol.js'
import { DEFAULT_SOCKET_DIRECTORY, fileError, findSocket, SOCKET_SUFFIX } from './socket-path.js'

/** Options of {@link UapiClient}. */
export interface UapiClientOptions {
  /**
   * Where the sockets are; default `/var/run/wireguard`. Ignored on Windows, where they are named
   * pipes.
   */
  readonly directory?: string | undefined
}

/**
 * Devices of userspace implementations (wireguard-go, boringtun, gotatun, wireguard-rs ...) over
 * the cross-platform text protocol on their unix sockets. Holds no connection between calls. Reads
 * run at once; writes to one device run in the order in which they were made.
 *
 * @see https://www.wireguard.com/xplatform/
 */
export class UapiClient implements Backend, AsyncDisposable {
  /** Its devices are run by userspace implementations. */
  readonly kind = 'userspace'
  readonly #directory: string
  readonly #calls = new Set<CallDeadline>()
  readonly #writes = new KeyedQueue()
  #closed = false

  /** Nothing is opened yet. */
  constructor({ directory = DEFAULT_SOCKET_DIRECTORY }: UapiClientOptions = {}) {
    this.#directory = directory
  }

  /**
   * The interfaces that have a socket on which something listens, sorted. A directory that does not
   * exist holds none; stale sockets and other files are left out.
   *
   * @throws WireGuardError `EPERM` when the directory may not be read
   */
  deviceNames(options?: CallOptions): Promise<string[]> {
    return this.#run('list devices', undefined, options, async (call) => {
      const candidates = (await this.#entries(call))
        .filter((entry) => entry.endsWith(SOCKET_SUFFIX))
        .map((entry) => entry.slice(0, -SOCKET_SUFFIX.length))
        .filter((name) => isPortableInterfaceName(name))
        .toSorted()
      const names: string[] = []
      if (candidates.length === 0) return names
      const { isListening } = await protocol()
      for (const name of candidates) {
        const path = findSocket(name, this.#directory)
        if (path !== undefined && (await isListening(path, call))) names.push(name)
        call.touch()
      }
      return names
    })
  }

  /**
   * Whether there is a socket of this name, though perhaps nothing listens on it. No error is made
   * when there is none, which would cost more than the look.
   */
  mayHave(name: string): boolean {
    try {
      return isPortableInterfaceName(name) && findSocket(name, this.#directory) !== undefined
    } catch {
      // A call says what keeps it from looking.
      return true
    }
  }

  /**
   * Reads one interface.
   *
   * @throws WireGuardError `ENODEV` when it has no socket on which something listens, `EPERM`,
   * `ETIMEDOUT`, `ABORT_ERR`, `EPROTO`, or what the daemon reported
   */
  device(name: string, options?: CallOptions): Promise<Device> {
    return this.#run('read device', name, options, (call) => this.#read(name, call))
  }

  /**
   * Checks the whole configuration, then sends it. Lines take effect one by one: when the daemon
   * refuses one, those before it stay applied, and the error's `applied` is `unknown`.
   *
   * @throws WireGuardError `EINVAL` with the `path` of the field, and as {@link UapiClient.device}
   */
  configureDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void> {
    return this.#run('configure device', name, options, async (call) => {
      this.#path(name)
      // The place in the queue comes first: checking may take one call longer than another.
      const checking = protocol().then(({ checkDeviceConfig }) => checkDeviceConfig(config))
      checking.catch(() => {})
      await this.#writes.run(name, call, async () => {
        await this.#write(name, await call.whileWorking(checking), call)
      })
    })
  }

  /**
   * The peers of one interface, those that came in at once (64 KiB of text) at a time, on a
   * connection that is closed at the end and when the consumer leaves. No more is read until they
   * are used: a consumer that keeps a batch for longer than `idleTimeout` finds `ETIMEDOUT`.
   *
   * @throws WireGuardError as {@link UapiClient.device}, also after the first batch
   */
  async *peerBatches(name: string, options?: CallOptions): AsyncGenerator<readonly Peer[], void> {
    const context = { operation: 'read device', device: name }
    const call = this.#begin(context, options)
    let ended: Promise<void> | undefined
    try {
      const path = this.#path(name)
      const { exchange, GET_REQUEST, PeerStream } = await protocol()
      const stream = new PeerStream(context.operation, name)
      ended = exchange(path, [GET_REQUEST], stream, call).then(
        () => stream.end(),
        (error: unknown) => stream.end(error),
      )
      for (let peers; (peers = await stream.next()) !== undefined;) yield peers
    } catch (error) {
      throw isWireGuardError(error) ? error.with(context) : error
    } finally {
      // Nobody sees it: it only ends what is under way.
      call.fail(new WireGuardError('the consumer left', { code: 'ECANCELED' }))
      await ended
      this.#end(call)
    }
  }

  /** Ends the calls under way with `ECANCELED`; later ones fail with `EBADF`. */
  close(): Promise<void> {
    this.#closed = true
    for (const call of this.#calls) {
      call.fail(new WireGuardError('the client was closed', { code: 'ECANCELED' }))
    }
    return Promise.resolve()
  }

  /** {@link UapiClient.close}. */
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
      throw isWireGuardError(error) ? error.with(context) : error
    } finally {
      this.#end(call)
    }
  }

  #begin(context: CallContext, options: CallOptions | undefined): CallDeadline {
    if (context.device !== undefined) checkInterfaceName(context.device)
    if (this.#closed)
      throw new WireGuardError('the client is closed', { ...context, code: 'EBADF' })
    const call = callDeadline(context, options)
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
      return await call.race(readdir(this.#directory))
    } catch (error) {
      if (isWireGuardError(error)) throw error
      if (errorCode(error) === 'ENOENT') return []
      throw fileError(error, this.#directory)
    }
  }

  async #read(name: string, call: CallDeadline): Promise<Device> {
    const path = this.#path(name)
    const { exchange, GET_REQUEST, ReplyParser } = await protocol()
    const reply = new ReplyParser('read device', name)
    await exchange(path, [GET_REQUEST], reply, call)
    return reply.device(Date.now())
  }

  async #write(name: string, config: CheckedDeviceConfig, call: CallDeadline): Promise<void> {
    const { formatSet, moveToTemporaryPeer, removesAllowedIPs } = await protocol()
    if (!removesAllowedIPs(config) || (await this.#canRemoveAllowedIPs(name, call))) {
      await this.#set(name, formatSet(config), call)
      return
    }
    const move = moveToTemporaryPeer(config, await this.#read(name, call))
    try {
      await this.#set(name, formatSet(move.config), call)
    } catch (error) {
      if (move.temporaryPeer !== undefined) await this.#removeQuietly(name, move.temporaryPeer)
      throw error
    }
  }

  async #set(name: string, request: Iterable<string>, call: CallDeadline): Promise<void> {
    const path = this.#path(name)
    const { exchange, ReplyParser } = await protocol()
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

  /** Asked every time: the daemon behind a name may be another one than last time. */
  async #canRemoveAllowedIPs(name: string, call: CallDeadline): Promise<boolean> {
    const { exchange, formatRemovalProbe, ReplyParser } = await protocol()
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

  /** The request that would have removed the temporary peer failed before it got there. */
  async #removeQuietly(name: string, publicKey: PublicKey): Promise<void> {
    try {
      const context = { operation: 'configure device', device: name }
      // The caller waits for it, perhaps after an abort: a second in all, not a second of silence.
      using call = callDeadline(context, { signal: AbortSignal.timeout(1000) })
      const { formatSet } = await protocol()
      await this.#set(name, formatSet({ peers: [{ publicKey, remove: true }] }), call)
    } catch {
      // The error that led here is the one to report.
    }
  }

  #path(name: string): string {
    const path = isPortableInterfaceName(name) ? findSocket(name, this.#directory) : undefined
    if (path !== undefined) return path
    checkPortableInterfaceName(name)
    throw new WireGuardError('no such userspace interface', {
      code: 'ENODEV',
      detail: `no socket ${join(this.#directory, name + SOCKET_SUFFIX)}`,
    })
  }
}

type CallDeadline = Deadline<WireGuardError>

let loaded: typeof Protocol | undefined

async function protocol(): Promise<typeof Protocol> {
  return (loaded ??= await import('./protocol.js'))
}
