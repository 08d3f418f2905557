import type { Device } from '../../model/device.js'
import { checkEndpoint, type Endpoint, parseEndpoint } from '../../model/endpoint.js'
import { invalid, WireGuardError } from '../../model/errors.js'
import { checkPortableInterfaceName } from '../../model/interface-name.js'
import { parsePublicKey, type PublicKey } from '../../model/key.js'
import { checkOptions, type OptionTable } from '../../model/options.js'
import { DEFAULT_SOCKET_DIRECTORY, socketPath } from '../socket-path.js'
import { serveConnection } from './connection.js'
import { listenUnix, type ListeningSocket } from './listen.js'
import { ReadWriteLock } from './lock.js'
import { DeviceState, type PeerState } from './state.js'

/** Options of {@link UapiServer.listen}. */
export interface UapiServerOptions {
  /** The interface name by wg-quick(8)'s rule. The socket is `directory/name.sock`. */
  readonly name: string
  /**
   * The directory of the socket. Default `/var/run/wireguard`, where wg(8) looks. A missing one is
   * created (0755), and removed on close if it is empty.
   */
  readonly directory?: string | undefined
  /** Permission bits of the socket. Default 0o600. */
  readonly mode?: number | undefined
  /**
   * The order of the peers in a reply. `random`, the default, is another order at every read, as
   * from wireguard-go. `insertion` is the order of their creation.
   */
  readonly peerOrder?: 'random' | 'insertion' | undefined
  /**
   * Whether `allowed_ip=-address/length` removes an allowed IP. Default true. If false, it is
   * `EINVAL`, as from wireguard-go before May 2025.
   */
  readonly allowedIPRemoval?: boolean | undefined
  /**
   * The implementation as which the server answers. `wireguard-go` is the default. `boringtun`
   * cannot change a peer that exists: it breaks the connection, where boringtun would panic. It
   * does not tell the private key, and reports errors as positive numbers. The other options have
   * no effect then, as peers come in the order of their creation.
   */
  readonly dialect?: 'wireguard-go' | 'boringtun' | undefined
}

/**
 * The values that a real tunnel learns from its packets. An absent field is left unchanged; `null`
 * clears it.
 */
export interface SimulatedPeer {
  /** `null` means never. */
  readonly lastHandshake?: Date | null | undefined
  /** The total of bytes received, 0 to 2^64 - 1. */
  readonly receiveBytes?: number | bigint | undefined
  /** The total of bytes sent, 0 to 2^64 - 1. */
  readonly transmitBytes?: number | bigint | undefined
  /** Where the peer was last seen; `null` means unknown. */
  readonly endpoint?: Endpoint | string | null | undefined
}

const SERVER_OPTIONS: OptionTable<UapiServerOptions> = {
  name: 'checked later',
  directory: 'text',
  mode: 'checked later',
  peerOrder: ['random', 'insertion'],
  allowedIPRemoval: 'boolean',
  dialect: ['wireguard-go', 'boringtun'],
}

const SIMULATED: OptionTable<SimulatedPeer> = {
  lastHandshake: 'checked later',
  receiveBytes: 'checked later',
  transmitBytes: 'checked later',
  endpoint: 'checked later',
}

const MAX_COUNTER = 0xffff_ffff_ffff_ffffn

/**
 * A WireGuard device without packets on a real unix socket, with the configuration semantics of
 * wireguard-go. Use it for tests without root, and for experiments.
 *
 * It binds no UDP port. It knows only the ports of other servers in this process.
 */
export class UapiServer implements AsyncDisposable {
  /** The interface name. */
  readonly name: string
  readonly #device = new DeviceState()
  readonly #connections = new Set<Promise<void>>()
  #socket: ListeningSocket | undefined
  #closing: Promise<void> | undefined

  private constructor(name: string) {
    this.name = name
  }

  /**
   * Starts a device. Resolves when it accepts connections.
   *
   * @example
   * ```ts
   * const server = await UapiServer.listen({ name: 'wg0', directory: '/tmp/wireguard' })
   * const client = new UapiClient({ directory: '/tmp/wireguard' })
   * console.log(await client.deviceNames()) // ['wg0']
   * await server.close()
   * ```
   *
   * @throws WireGuardError `EINVAL` for an invalid name or mode, a path that is too long, or a path
   * that exists and is not a socket; `EADDRINUSE` when a process listens on a socket of that name;
   * `EPERM` without permission; or another code of the file system
   */
  static async listen(options: UapiServerOptions): Promise<UapiServer> {
    checkOptions(options ?? null, SERVER_OPTIONS, { operation: 'start server' })
    const { directory = DEFAULT_SOCKET_DIRECTORY, mode = 0o600 } = options
    const { peerOrder = 'random', allowedIPRemoval = true, dialect = 'wireguard-go' } = options
    const server = new UapiServer(checkPortableInterfaceName(options.name))
    if (!(Number.isInteger(mode) && mode >= 0 && mode <= 0o777)) {
      throw invalid('socket mode: expected permission bits from 0 to 0o777')
    }
    const served = {
      device: server.#device,
      lock: new ReadWriteLock(),
      options: { peerOrder, allowedIPRemoval, dialect },
    }
    server.#socket = await listenUnix({
      path: socketPath(server.name, directory),
      mode,
      device: server.name,
      onConnection: (socket) => {
        const connection = serveConnection(socket, served).finally(() => {
          server.#connections.delete(connection)
        })
        server.#connections.add(connection)
      },
    })
    return server
  }

  /** The absolute path of the socket. */
  get path(): string {
    return this.#socket!.path
  }

  /**
   * Returns the current state of the device, with the peers in the order of their creation.
   *
   * @example
   * ```ts
   * expect(server.device().peers[0]?.allowedIPs).toEqual(['10.0.0.2/32'])
   * ```
   */
  device(): Device {
    return this.#device.snapshot(this.name)
  }

  /**
   * Sets what packets of a peer would have changed.
   *
   * @example
   * ```ts
   * server.setPeer(publicKey, { lastHandshake: new Date(), receiveBytes: 148, transmitBytes: 92 })
   * ```
   *
   * @throws WireGuardError `EINVAL` when there is no such peer, or a value is invalid. Nothing is
   * changed then
   */
  setPeer(publicKey: PublicKey, simulated: SimulatedPeer): void {
    const peer = this.#device.peer(parsePublicKey(publicKey))
    if (peer === undefined) {
      throw new WireGuardError('no such peer', {
        code: 'EINVAL',
        operation: 'set peer',
        device: this.name,
        peer: publicKey,
        detail: publicKey,
      })
    }
    checkOptions(simulated ?? null, SIMULATED, { operation: 'set peer', device: this.name })
    const {
      lastHandshake = peer.lastHandshake,
      receiveBytes = peer.receiveBytes,
      transmitBytes = peer.transmitBytes,
      endpoint = peer.endpoint,
    } = simulated
    Object.assign(peer, {
      lastHandshake: lastHandshake === null ? undefined : checkHandshake(lastHandshake),
      receiveBytes: checkCounter('receiveBytes', receiveBytes),
      transmitBytes: checkCounter('transmitBytes', transmitBytes),
      endpoint: endpoint === null ? undefined : readEndpoint(endpoint),
    } satisfies Partial<PeerState>)
  }

  /**
   * Removes the socket, closes every connection and releases the port. {@link UapiServer.device}
   * still works. May be called more than once.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  /** Calls {@link UapiServer.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.#socket!.close()
    await Promise.all(this.#connections)
    this.#device.close()
  }
}

function checkHandshake(time: Date | undefined): Date | undefined {
  if (time === undefined) return undefined
  const milliseconds = time.getTime()
  if (milliseconds > 0) return new Date(milliseconds)
  throw invalid('expected a date after 1970, or null for never', { path: 'lastHandshake' })
}

function checkCounter(path: string, value: number | bigint): number | bigint {
  const whole = typeof value === 'bigint' || Number.isInteger(value)
  if (whole && value >= 0 && value <= MAX_COUNTER) return value
  throw invalid('expected an integer from 0 to 2^64 - 1', { path })
}

function readEndpoint(endpoint: Endpoint | string | undefined): Endpoint | undefined {
  return typeof endpoint === 'string'
    ? parseEndpoint(endpoint)
    : endpoint && checkEndpoint(endpoint)
}
