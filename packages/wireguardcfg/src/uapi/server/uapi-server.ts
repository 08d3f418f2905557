import type { Device } from '../../model/device.js'
import { checkEndpoint, type Endpoint, parseEndpoint } from '../../model/endpoint.js'
import { invalid, WireGuardError } from '../../model/errors.js'
import { checkPortableInterfaceName } from '../../model/interface-name.js'
import { parsePublicKey, type PublicKey } from '../../model/key.js'
import { DEFAULT_SOCKET_DIRECTORY, socketPath } from '../socket-path.js'
import { serveConnection } from './connection.js'
import { listenUnix, type ListeningSocket } from './listen.js'
import { ReadWriteLock } from './lock.js'
import { DeviceState, type PeerState } from './state.js'

/** What {@link UapiServer.listen} can be told. */
export interface UapiServerOptions {
  /** The interface name by wg-quick(8)'s rule. The socket is `directory/name.sock`. */
  readonly name: string
  /**
   * Default `/var/run/wireguard`, where wg(8) looks. Made (0755) when missing, and then removed on
   * close if it is empty.
   */
  readonly directory?: string | undefined
  /** Permission bits of the socket; default 0o600. */
  readonly mode?: number | undefined
  /**
   * The order of the peers in a reply. `random`, the default: another one at every read, as from
   * wireguard-go; `insertion`: that of their creation.
   */
  readonly peerOrder?: 'random' | 'insertion' | undefined
  /**
   * Whether `allowed_ip=-address/length` removes an allowed IP; default true. False: `EINVAL`, as
   * from wireguard-go before May 2025.
   */
  readonly allowedIPRemoval?: boolean | undefined
}

/**
 * What a tunnel would have learnt from its packets: an absent field is left alone, `null` clears
 * it.
 */
export interface SimulatedPeer {
  /** `null`: never. */
  readonly lastHandshake?: Date | null | undefined
  /** The total, 0 to 2^64 - 1. */
  readonly receiveBytes?: number | bigint | undefined
  /** The total, 0 to 2^64 - 1. */
  readonly transmitBytes?: number | bigint | undefined
  /** Where the peer was last seen; `null`: not known. */
  readonly endpoint?: Endpoint | string | null | undefined
}

const MAX_COUNTER = 0xffff_ffff_ffff_ffffn

/**
 * A WireGuard device without packets behind a real unix socket, with the configuration semantics of
 * wireguard-go: for tests without root, and for trying things out.
 *
 * It binds no UDP port and knows of the ports of other servers in this process only.
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
   * Starts a device and resolves when it accepts connections.
   *
   * @throws WireGuardError `EINVAL` for a bad name or mode, a path that is too long, or a file of
   * that name that is no socket; `EADDRINUSE` when a live socket has that name; `EPERM` without
   * permission; or what else the file system says
   */
  static async listen(options: UapiServerOptions): Promise<UapiServer> {
    const { directory = DEFAULT_SOCKET_DIRECTORY, mode = 0o600 } = options
    const { peerOrder = 'random', allowedIPRemoval = true } = options
    const server = new UapiServer(checkPortableInterfaceName(options.name))
    if (!(Number.isInteger(mode) && mode >= 0 && mode <= 0o777)) {
      throw invalid('socket mode: expected permission bits from 0 to 0o777')
    }
    const served = {
      device: server.#device,
      lock: new ReadWriteLock(),
      options: { peerOrder, allowedIPRemoval },
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

  /** The device as it is now; peers in the order of their creation. */
  device(): Device {
    return this.#device.snapshot(this.name)
  }

  /**
   * Pretends that packets were exchanged with a peer.
   *
   * @throws WireGuardError `EINVAL` when there is no such peer, or a value is not acceptable;
   * nothing was changed then
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
   * Removes the socket, ends every connection and frees the port. The device can still be looked
   * at. May be called twice.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  /** {@link UapiServer.close}. */
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
  throw invalid('expected a valid date after 1970; null for never', { path: 'lastHandshake' })
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
