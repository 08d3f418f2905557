import {
  type CallOptions,
  checkInterfaceName,
  type Device,
  type DeviceConfig,
  type NamedDeviceConfig,
  type NamedPeerConfig,
  type Peer,
  type PublicKey,
  WireGuardError,
} from 'wireguardcfg'
import { CALL_OPTIONS, checkOptions, tracedMethod, traceMethods } from 'wireguardcfg/internal'
import type { LinkProperties, LinkState, NetlinkLinks } from 'wireguardnl'
import {
  applyConf,
  type ApplyConfOptions,
  type ApplyResult,
  checkApplyOptions,
} from './apply/apply-conf.js'
import { WrittenEndpoints } from './apply/written-endpoints.js'
import { Backends, type WireGuardOptions } from './backends.js'
import type { Conf } from 'wireguardcfg/conf'
import { capabilities, type Capabilities } from './capabilities.js'
import { createDevice } from './create/create.js'
import { checkOptionNames, type CreateOptions } from './create/options.js'
import type { OwnedDevice } from './create/owned-device.js'
import { checkDeleteOptions, deleteDevice, type DeleteOptions } from './delete-device.js'
import { EndpointKeeper, type Write } from './keep/keeper.js'
import type { PeerName } from './resolve/names.js'
import { namesOf } from './keep/names.js'
import type { KeepOptions } from './keep/options.js'
import { deviceNames, type DevicesOptions, readDevice, readDevices } from './devices.js'
import {
  removePeer,
  resumePeer,
  setPeer,
  type SetPeerOptions,
  type SuspendedPeer,
  suspendPeer,
} from './one-peer.js'
import { peersOf } from './peers.js'
import { resolveForCall } from './resolve/for-call.js'
import { RunningCalls } from './running-calls.js'
import { save, type SaveOptions, type SaveSource } from './save/save.js'
import { REPLACE_OPTIONS, replacement, type ReplaceOptions } from './sync/replacement.js'
import type { SyncResult } from './sync/diff.js'
import { syncDevice, type SyncOptions } from './sync/sync.js'
import { givenConf } from './given-conf.js'
import { takeDown } from './up/down.js'
import {
  checkDownOptions,
  checkPlanOptions,
  checkReloadOptions,
  type CheckedUpOptions,
  checkUpOptions,
  DEFAULT_STATE_DIRECTORY,
  DOWN,
  PLAN,
  RELOAD,
  UP,
} from './up/check-options.js'
import type {
  DownOptions,
  DownResult,
  PlanOptions,
  ReloadOptions,
  ReloadResult,
  UpOptions,
} from './up/options.js'
import type { TunnelPlan } from './up/plan/planned-tunnel.js'
import { reload, type ReloadHost } from './up/reload/reload.js'
import { ownMark } from './up/state/own-mark.js'
import { type Tunnel, tunnelHandle } from './up/tunnel.js'
import { nameOfFile, readTunnelFile, type TunnelFile } from './up/tunnel-file.js'
import { plan, up } from './up/up.js'
import type { WatchOptions } from './watch/events.js'
import { Poller } from './watch/poller.js'
import { watchSource } from './watch/source.js'
import { Watcher } from './watch/watcher.js'

/**
 * WireGuard on this machine: the interfaces of the kernel and of userspace implementations through
 * one API. `close()` or `await using` closes its sockets; the interfaces stay.
 */
export class WireGuard implements AsyncDisposable {
  readonly #backends: Backends
  readonly #calls = new RunningCalls()
  readonly #written = new WrittenEndpoints()
  /** Of tunnels whose names had no address when they came up. */
  readonly #keepers = new Map<string, EndpointKeeper>()
  readonly #poller: Poller
  #closed = false

  static {
    // The first two are no calls: they last. The others publish the name in the place of the path.
    traceMethods(this, 'WireGuard', ['watch', 'keepEndpoints', 'planFile', 'upFile', 'reloadFile'])
  }

  private constructor(backends: Backends) {
    this.#backends = backends
    this.#poller = new Poller(watchSource(backends))
  }

  /**
   * Opens access to WireGuard. It opens the network namespace `netns`; the first call opens the
   * sockets.
   *
   * @throws WireGuardError `EINVAL` for an unknown backend; `ENOENT`, `EINVAL` or `EPERM` for a
   * namespace that cannot be opened
   * @example
   * ```js
   * const wg = await WireGuard.open()
   * console.log(await wg.deviceNames())
   * await wg.close()
   * ```
   */
  static async open(options: WireGuardOptions = {}): Promise<WireGuard> {
    return new WireGuard(await Backends.open(options))
  }

  /**
   * Returns the names of all WireGuard interfaces, each once, in the order of the backends.
   *
   * @throws WireGuardError `EPERM` the socket directory cannot be read, `ETIMEDOUT`, `ABORT_ERR`
   * @example
   * ```js
   * console.log((await wg.deviceNames()).join(' '))
   * ```
   */
  async deviceNames(options?: CallOptions): Promise<string[]> {
    checkOptions(options, CALL_OPTIONS, { operation: 'list devices' })
    return await deviceNames(this.#backends, options)
  }

  /**
   * Reads all devices. Leaves out an interface that is deleted during the call. Passes any other
   * error to `onError`; without `onError`, the call rejects after it has read the rest.
   *
   * @throws DevicesError with the devices that could be read
   * @example
   * ```js
   * const devices = await wg.devices({ onError: (error) => console.error(error.message) })
   * for (const { name, peers } of devices) console.log(name, peers.length)
   * ```
   */
  async devices(options: DevicesOptions = {}): Promise<Device[]> {
    return await readDevices(this.#backends, options)
  }

  /**
   * Reads one device.
   *
   * @throws WireGuardError `ENODEV` no such interface, `EOPNOTSUPP` it is not WireGuard, `EPERM`,
   * `ETIMEDOUT`, `ABORT_ERR`, `EPROTO`
   * @example
   * ```js
   * const { listenPort, peers } = await wg.device('wg0')
   * for (const peer of peers) console.log(peer.publicKey, peer.lastHandshake)
   * ```
   */
  async device(name: string, options?: CallOptions): Promise<Device> {
    checkOptions(options, CALL_OPTIONS, { operation: 'read device', device: name })
    return await readDevice(this.#backends, name, options)
  }

  /**
   * Yields the peers of one device one by one, for devices too large for the memory. It holds the
   * peers of one datagram of the kernel (32 KiB, some 150 peers), or of one read of a socket.
   *
   * Consume them without long pauses. The interface cannot be deleted while a consumer pauses, so a
   * pause longer than `idleTimeout` ends the read with `ETIMEDOUT`. With 0 there is no such limit,
   * and another process that deletes the interface waits. If the device changes after the first
   * peer, the read ends with `EAGAIN`, because the peers read so far may be inconsistent.
   *
   * @throws WireGuardError as {@link WireGuard.device}, also after the first peer
   * @example
   * ```js
   * for await (const peer of wg.peers('wg0')) {
   *   if (peer.lastHandshake === undefined) console.log(peer.publicKey)
   * }
   * ```
   */
  peers(name: string, options?: CallOptions): AsyncGenerator<Peer, void, undefined> {
    return peersOf(this.#backends, name, options)
  }

  /**
   * Changes one device. Fields and peers that are absent from the configuration stay unchanged.
   *
   * @throws WireGuardError `EINVAL` with the `path` of the field, before anything was changed; and
   * as {@link WireGuard.device}, with `applied` when a part took effect
   * @example
   * ```js
   * const publicKey = SecretKey.generatePrivate().publicKey()
   * const peers = [{ publicKey, allowedIPs: ['10.8.0.2/32'] }]
   * await wg.configureDevice('wg0', { listenPort: 51820, peers })
   * ```
   */
  async configureDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void> {
    checkOptions(options, CALL_OPTIONS, { operation: 'configure device', device: name })
    this.#poller.noteWrite(name, config)
    await this.#backends.runOn(name, 'configure device', (backend) =>
      backend.configureDevice(name, config, options),
    )
  }

  /**
   * Replaces the whole configuration of a device, as `wg setconf`. Absent fields are reset. Every
   * peer is removed before those of the configuration are added, which ends all sessions;
   * {@link WireGuard.syncDevice} keeps them.
   *
   * @throws WireGuardError as {@link WireGuard.configureDevice}
   * @example
   * ```js
   * const privateKey = SecretKey.generatePrivate()
   * await wg.replaceDevice('wg0', { privateKey, listenPort: 51820, peers: [] })
   * ```
   */
  async replaceDevice(
    name: string,
    config: NamedDeviceConfig,
    options: ReplaceOptions = {},
  ): Promise<void> {
    const context = { operation: 'replace device', device: name }
    checkOptions(options, REPLACE_OPTIONS, context)
    const { resolve, ...limits } = options
    const resolved = await resolveForCall(config, resolve, limits, context)
    await this.configureDevice(name, replacement(resolved.config), limits)
  }

  /**
   * Makes a device match the configuration. Sends only the differences, so sessions continue and no
   * packet is lost.
   *
   * - Peers that are not in the configuration are removed. Without `peers`, all peers stay.
   * - An absent preshared key or keepalive interval of a peer is cleared. The allowed IPs become
   *   those listed; they are added and removed one by one. With `removeAllowedIPs`, the list is
   *   changed instead of replaced.
   * - An absent endpoint stays unchanged. If an endpoint differs from the current one, the peer may
   *   have roamed. It is therefore written only when it differs from that of `previous`, the
   *   configuration written last time. Without `previous`, it is written unless the peer has
   *   completed a handshake. With `endpoints: 'write'`, it is always written.
   * - Absent fields of the device stay unchanged. `listenPort: 0` matches any port.
   *
   * The device is read first. The call does not notice a change that another program makes later.
   *
   * @throws WireGuardError as {@link WireGuard.configureDevice}
   * @example
   * ```js
   * const publicKey = SecretKey.generatePrivate().publicKey()
   * const peers = [{ publicKey, allowedIPs: ['10.8.0.2/32'] }]
   * const { added, removed } = await wg.syncDevice('wg0', { peers })
   * ```
   */
  async syncDevice(
    name: string,
    config: NamedDeviceConfig,
    options?: SyncOptions,
  ): Promise<SyncResult> {
    return await syncDevice(this, name, config, options)
  }

  /**
   * Applies a `.conf` file of wg(8) or wg-quick(8) to a device, in one call: sections that repeat a
   * public key are merged, host names are resolved all at the same time, and only what differs is
   * sent. Keys of wg-quick(8) are left out. A string is the text of a file, never its path.
   *
   * A name without an address is reported in `unresolved`; its peer keeps the endpoint that it has.
   * A peer that has roamed keeps its endpoint until the file names another one: this `WireGuard`
   * remembers what it wrote, as long as the interface exists.
   *
   * @throws ConfError `EINVAL` for the first error in the file, before anything was changed;
   * WireGuardError as {@link WireGuard.configureDevice}
   * @example
   * ```js
   * const key = SecretKey.generatePrivate().publicKey()
   * const text = `[Interface]\n[Peer]\nPublicKey = ${key}\nAllowedIPs = 10.8.0.2/32\n`
   * const { added, unresolved } = await wg.applyConf('wg0', text)
   * console.log(added.length, unresolved.length) // 1 0
   * ```
   */
  async applyConf(
    name: string,
    conf: Conf | string,
    options: ApplyConfOptions = {},
  ): Promise<ApplyResult> {
    checkApplyOptions(name, options)
    const state = { socketDirectory: this.#backends.socketDirectory, written: this.#written }
    return await this.#calls.run('apply configuration file', name, options, (signal) =>
      applyConf(this, state, name, conf, { ...options, signal }),
    )
  }

  /**
   * Adds a peer, or changes one. Fields that are absent stay unchanged, as with
   * {@link WireGuard.configureDevice}.
   *
   * @throws WireGuardError `EINVAL` with the `path` of the field, such as `endpoint`, before
   * anything was changed; and as {@link WireGuard.device}
   * @example
   * ```js
   * const publicKey = SecretKey.generatePrivate().publicKey()
   * await wg.setPeer('wg0', { publicKey, allowedIPs: ['10.8.0.9/32'], persistentKeepalive: 25 })
   * ```
   */
  async setPeer(name: string, peer: NamedPeerConfig, options: SetPeerOptions = {}): Promise<void> {
    await setPeer(this, name, peer, options)
  }

  /**
   * Removes a peer, which ends its session. Does nothing when there is no such peer.
   *
   * @throws WireGuardError `EINVAL` for what is no public key; and as {@link WireGuard.device}
   * @example
   * ```js
   * const [peer] = (await wg.device('wg0')).peers
   * await wg.removePeer('wg0', peer.publicKey)
   * ```
   */
  async removePeer(name: string, publicKey: PublicKey, options: CallOptions = {}): Promise<void> {
    await removePeer(this, name, publicKey, options)
  }

  /**
   * Stops the traffic of a peer but keeps its session: takes its allowed IPs away and returns them.
   * Store the result, and give it to {@link WireGuard.resumePeer}.
   *
   * Handshakes and keepalive packets go on, so `lastHandshake` and the counters change, and
   * `isConnected` may be true. Without allowed IPs, all data packets of the peer are dropped.
   * Nothing on the device says that a peer is suspended: a `syncDevice` with its allowed IPs
   * resumes it. The device is read first; an allowed IP that another program adds in between is
   * lost.
   *
   * @throws WireGuardError `ENOENT` no such peer; `EINVAL`; and as {@link WireGuard.device}
   * @example
   * ```js
   * const [peer] = (await wg.device('wg0')).peers
   * const suspended = await wg.suspendPeer('wg0', peer.publicKey)
   * const stored = JSON.stringify(suspended)
   * await wg.resumePeer('wg0', JSON.parse(stored))
   * ```
   */
  async suspendPeer(
    name: string,
    publicKey: PublicKey,
    options: CallOptions = {},
  ): Promise<SuspendedPeer> {
    return await suspendPeer(this, name, publicKey, options)
  }

  /**
   * Gives a peer the allowed IPs that {@link WireGuard.suspendPeer} took, in addition to those that
   * it has. Its session continues.
   *
   * @throws WireGuardError `EEXIST` another peer has one of them now, and nothing was changed;
   * `ENOENT` no such peer; `EINVAL` with the `path`; and as {@link WireGuard.device}
   * @example
   * ```js
   * const [peer] = (await wg.device('wg0')).peers
   * await wg.resumePeer('wg0', await wg.suspendPeer('wg0', peer.publicKey))
   * ```
   */
  async resumePeer(
    name: string,
    suspended: SuspendedPeer,
    options: CallOptions = {},
  ): Promise<void> {
    await resumePeer(this, name, suspended, options)
  }

  /**
   * Watches interfaces and their peers: yields the state as it is, and then what changes. WireGuard
   * has no notifications for peers, so devices are read again and again, once for all watchers of
   * this object. Changes of interfaces and addresses come from the kernel, on Linux.
   *
   * The watch goes on after errors, which it yields. It ends when the loop is left, and with
   * {@link WireGuard.close}.
   *
   * @throws WireGuardError at once `EINVAL` with the `path` of an option, `ABORT_ERR` or `EBADF`;
   * from the iteration `ABORT_ERR`
   * @example
   * ```js
   * for await (const event of wg.watch({ devices: ['wg0'] })) {
   *   console.log(event.type, event.publicKey ?? '')
   *   if (event.type === 'peer-added') break
   * }
   * ```
   */
  watch(options: WatchOptions = {}): Watcher {
    if (this.#closed) throw new WireGuardError('this WireGuard is closed', { code: 'EBADF' })
    return new Watcher(this.#poller, options)
  }

  /**
   * Keeps endpoints that have host names up to date. The name of a peer is looked up again only
   * while the peer is overdue: its last handshake is more than 135 seconds ago. A live peer is left
   * alone, also one that has roamed. A stale peer goes back to the address that its name has now;
   * of several addresses, the next is tried when something was sent and nothing came back. A name
   * that fails keeps the endpoint that the peer has.
   *
   * It reads with the poller of {@link WireGuard.watch}, and goes on until it is closed, also when
   * the interface goes away and returns.
   *
   * @param endpoints the peers with their names, or a file; literal addresses are left out
   * @throws WireGuardError at once `EINVAL` with the `path`, `ABORT_ERR` or `EBADF`
   * @example
   * ```js
   * const [{ publicKey }] = (await wg.device('wg0')).peers
   * const names = [{ publicKey, host: 'localhost', port: 51820 }]
   * const keeper = wg.keepEndpoints('wg0', names, {
   *   onUpdate: ({ host, after }) => console.log(`${host} is ${formatEndpoint(after)}`),
   * })
   * await keeper.close()
   * ```
   */
  keepEndpoints(
    name: string,
    endpoints: readonly PeerName[] | Conf | string,
    options: KeepOptions = {},
  ): EndpointKeeper {
    checkInterfaceName(name)
    if (this.#closed) throw new WireGuardError('this WireGuard is closed', { code: 'EBADF' })
    const names = Array.isArray(endpoints) ? endpoints : namesOf(endpoints)
    const write: Write = (config, signal) => this.configureDevice(name, config, { signal })
    return new EndpointKeeper(this.#poller, name, names, write, options)
  }

  /**
   * Creates an interface. It is created down, configured, moved to its namespace, given its
   * addresses, then brought up. When a step fails, the call rolls back, and the error names the
   * step.
   *
   * The interface stays when this process ends. So does its userspace implementation, which is a
   * process of its own. Delete the device, or hold it with `await using`.
   *
   * @throws WireGuardError `EINVAL` with the `path` of the option, before anything was created;
   * `EEXIST` an interface of this name exists; `EPROTONOSUPPORT` this system has no WireGuard;
   * `ENOENT` or `EACCES` no userspace implementation, or no such namespace; `EADDRINUSE`, `EPERM`,
   * `ETIMEDOUT`, `ABORT_ERR`
   * @example
   * ```js
   * const config = { privateKey: SecretKey.generatePrivate(), listenPort: 51820 }
   * const addresses = ['10.8.0.1/24']
   * const device = await wg.createDevice('wg0', { config, addresses, up: true })
   * await device.delete()
   * ```
   */
  async createDevice(name: string, options: CreateOptions = {}): Promise<OwnedDevice> {
    checkOptionNames(name, options)
    return await this.#calls.run('create device', name, options, (signal) =>
      createDevice(this.#backends, name, { ...options, signal }),
    )
  }

  /**
   * Deletes a WireGuard interface. For a userspace device, removes the socket: the implementation
   * then ends and deletes its interface.
   *
   * @throws WireGuardError `ENODEV`, `EPERM`, `ETIMEDOUT`, `ABORT_ERR`; `EOPNOTSUPP` the interface
   * is not WireGuard and stays
   * @example
   * ```js
   * await wg.deleteDevice('wg0', { ifMissing: 'ignore' })
   * ```
   */
  async deleteDevice(name: string, options: DeleteOptions = {}): Promise<void> {
    checkDeleteOptions(name, options)
    await this.#calls.run('delete device', name, options, (signal) =>
      deleteDevice(this.#backends, name, { ...options, signal }),
    )
    this.#written.forget(name)
  }

  /**
   * Reads the state of an interface of any kind: whether it is up, its MTU and index. Needs no
   * privilege.
   *
   * @throws WireGuardError `ENODEV`
   * @example
   * ```js
   * const { up, mtu } = await wg.link('wg0')
   * ```
   */
  async link(name: string, options?: CallOptions): Promise<LinkState> {
    return await (await this.#links()).link(name, options)
  }

  /**
   * Brings an interface up or down, or changes its MTU in bytes.
   *
   * @throws WireGuardError `ENODEV`, `EINVAL`, `EPERM`; `EADDRINUSE` it cannot be brought up
   * because its listen port is taken
   * @example
   * ```js
   * await wg.setLink('wg0', { up: true, mtu: 1380 })
   * ```
   */
  async setLink(name: string, properties: LinkProperties, options?: CallOptions): Promise<void> {
    await (await this.#links()).setLink(name, properties, options)
  }

  /**
   * Saves an interface in its `.conf` file, as `wg-quick save` does, and returns whether the file
   * had to be changed. Only lines whose value differs are changed: comments, order and host names
   * stay, by the rules of `saveConf`. The file is replaced at once and keeps its owner and
   * permissions; a new one is for its owner alone.
   *
   * @throws ConfError `EINVAL` for the first error in the file; WireGuardError `EAGAIN` the file
   * was changed meanwhile, an error of the system, and as {@link WireGuard.device}
   * @example
   * ```js
   * await wg.save('wg0', '/etc/wireguard/wg0.conf')
   * ```
   */
  async save(name: string, path: string, options: SaveOptions = {}): Promise<boolean> {
    return await save(this.#saveSource(), name, path, options)
  }

  /**
   * Returns what {@link WireGuard.up} would do, and changes nothing. `String(plan)` is a text in
   * the words of `ip` and `nft`. Most of it needs no privilege.
   *
   * @param conf a file: what `parseConf` returned, or its text, never its path
   * @throws ConfError `EINVAL` for the first error in the file; WireGuardError as
   * {@link WireGuard.up}
   * @example
   * ```js
   * const text = '[Interface]\nAddress = 10.8.0.2/24\n'
   * const plan = await wg.plan('wg7', text)
   * console.log(String(plan))
   * ```
   */
  async plan(name: string, conf: Conf | string, options: PlanOptions = {}): Promise<TunnelPlan> {
    return await this.#plan(name, conf, undefined, options)
  }

  /**
   * As {@link WireGuard.plan}, for a file by its path: `wg0.conf` is for the interface `wg0`.
   *
   * @throws as {@link WireGuard.plan}; WireGuardError `ENOENT` and the like
   * @example
   * ```js
   * const { steps, warnings } = await wg.planFile('/etc/wireguard/wg0.conf')
   * ```
   */
  async planFile(path: string, options: PlanOptions = {}): Promise<TunnelPlan> {
    const name = nameOfFile(path)
    const file = readTunnelFile(path)
    const call = (given = options) => this.#plan(name, file.text, file, given)
    return await tracedMethod('WireGuard', 'planFile', name, call)(options)
  }

  /**
   * Brings a tunnel up from a file of wg-quick(8): the interface with its configuration, addresses
   * and MTU, routes, rules and the firewall for a default route, and name servers. No program is
   * started, except for the commands of the file and a userspace implementation.
   *
   * All is decided before anything is made, and written down in `stateDirectory`. When a step
   * fails, everything is undone. {@link WireGuard.down} undoes it later, also when this process was
   * killed on the way, or the interface or the file is gone.
   *
   * @param conf a file: what `parseConf` returned, or its text, never its path
   * @throws ConfError `EINVAL` for the first error in the file; WireGuardError `EEXIST` the
   * interface or a route exists; `EPERM`, also for a file with commands; `EBUSY` another program
   * manages the name servers; `EAFNOSUPPORT`, `EPROTONOSUPPORT`, `EROFS` the machine lacks what is
   * needed; `ECANCELED` a command of the file failed; and as {@link WireGuard.createDevice}
   * @example
   * ```js
   * const privateKey = SecretKey.generatePrivate().toBase64()
   * const text = `[Interface]\nPrivateKey = ${privateKey}\nAddress = 10.8.0.2/24\n`
   * const tunnel = await wg.up('wg7', text)
   * await tunnel.down()
   * ```
   */
  async up(name: string, conf: Conf | string, options: UpOptions = {}): Promise<Tunnel> {
    return await this.#up(name, conf, undefined, options)
  }

  /**
   * As {@link WireGuard.up}, for a file by its path: `wg0.conf` is for the interface `wg0`. With
   * `hooks: 'run'`, the file and its folders must be closed to the writing of others.
   *
   * @throws as {@link WireGuard.up}; WireGuardError `ENOENT` and the like
   * @example
   * ```js
   * const tunnel = await wg.upFile('/etc/wireguard/wg0.conf', { ifExists: 'use' })
   * for (const warning of tunnel.warnings) console.warn(warning)
   * ```
   */
  async upFile(path: string, options: UpOptions = {}): Promise<Tunnel> {
    const name = nameOfFile(path)
    const file = readTunnelFile(path)
    const call = (given = options) => this.#up(name, file.text, file, given)
    return await tracedMethod('WireGuard', 'upFile', name, call)(options)
  }

  /**
   * Makes a tunnel that {@link WireGuard.up} brought up what a file says: its addresses, MTU, keys,
   * peers, routes, rules, firewall and name servers. What is new is added before what is old is
   * removed, so sessions go on and no packet is lost, also from a split tunnel to one with a
   * default route and back. What was lost is added again: the routes after the interface was down,
   * the tables after `nft flush ruleset`. No command of the file runs.
   *
   * A private key, listen port or mark that the file does not have stays as it is. A peer that has
   * roamed keeps its endpoint, unless the file has another one than last time. When a step fails,
   * the tunnel stays up, partly changed, and the error says how far it came.
   *
   * @param conf a file: what `parseConf` returned, or its text, never its path
   * @throws ConfError `EINVAL` for the first error in the file; WireGuardError `ENODEV` the tunnel
   * is not up; `EOPNOTSUPP` it is no tunnel of {@link WireGuard.up}; and as {@link WireGuard.up}
   * @example
   * ```js
   * const privateKey = SecretKey.generatePrivate().toBase64()
   * const text = `[Interface]\nPrivateKey = ${privateKey}\nAddress = 10.8.0.2/24\n`
   * await using tunnel = await wg.up('wg7', text)
   * const { steps } = await wg.reload('wg7', `${text}MTU = 1380\n`)
   * console.log(steps[0].command) // ip link set mtu 1380 up dev wg7
   * ```
   */
  async reload(
    name: string,
    conf: Conf | string,
    options: ReloadOptions = {},
  ): Promise<ReloadResult> {
    return await this.#reload(name, conf, undefined, options)
  }

  /**
   * As {@link WireGuard.reload}, for a file by its path: `wg0.conf` is for the interface `wg0`.
   *
   * @throws as {@link WireGuard.reload}; WireGuardError `ENOENT` and the like
   * @example
   * ```js
   * const { steps } = await wg.reloadFile('/etc/wireguard/wg0.conf', { dryRun: true })
   * for (const { command } of steps) console.log(command)
   * ```
   */
  async reloadFile(path: string, options: ReloadOptions = {}): Promise<ReloadResult> {
    const name = nameOfFile(path)
    const file = readTunnelFile(path)
    const call = (given = options) => this.#reload(name, file.text, file, given)
    return await tracedMethod('WireGuard', 'reloadFile', name, call)(options)
  }

  /**
   * Takes a tunnel down: undoes what {@link WireGuard.up} did, and deletes the interface. Needs
   * neither the file nor the interface. A tunnel that wg-quick(8) brought up is taken down too, but
   * for its commands and its name servers. Without any, it does nothing.
   *
   * @throws WireGuardError `ECANCELED` a command of the file failed: before the removal, the tunnel
   * stays; `EPERM`, `ETIMEDOUT`; or what could not be undone, which the next `down` tries again
   * @example
   * ```js
   * const { existed } = await wg.down('wg0')
   * ```
   */
  async down(name: string, options: DownOptions = {}): Promise<DownResult> {
    const checked = checkDownOptions(name, options)
    const result = await this.#calls.run(DOWN, name, options, (signal) =>
      takeDown(this.#downHost(), { ...checked, limits: { ...checked.limits, signal } }),
    )
    await this.#keepers.get(name)?.close()
    this.#keepers.delete(name)
    this.#written.forget(name)
    return result
  }

  /**
   * Returns the addresses of an interface with their prefix lengths, as `10.7.0.1/24`.
   *
   * @throws WireGuardError `ENODEV`
   * @example
   * ```js
   * console.log((await wg.addresses('wg0')).join(' '))
   * ```
   */
  async addresses(name: string, options?: CallOptions): Promise<string[]> {
    return await (await this.#links()).addresses(name, options)
  }

  /**
   * Adds an address to an interface. The default prefix length is `/32` or `/128`.
   *
   * @throws WireGuardError `EEXIST` the interface has it already, `EACCES` IPv6 is disabled there,
   * `ENODEV`, `EINVAL`, `EPERM`
   * @example
   * ```js
   * await wg.addAddress('wg0', '10.7.0.1/24')
   * await wg.addAddress('wg0', 'fd00::1/64')
   * ```
   */
  async addAddress(name: string, address: string, options?: CallOptions): Promise<void> {
    await (await this.#links()).addAddress(name, address, options)
  }

  /**
   * Removes an address from an interface. Its prefix length must be that of the interface.
   *
   * @throws WireGuardError `EADDRNOTAVAIL` the interface does not have it, `ENODEV`, `EINVAL`,
   * `EPERM`
   * @example
   * ```js
   * await wg.removeAddress('wg0', '10.7.0.1/24')
   * ```
   */
  async removeAddress(name: string, address: string, options?: CallOptions): Promise<void> {
    await (await this.#links()).removeAddress(name, address, options)
  }

  /**
   * Returns what this process can do here, and the reasons why it cannot do the rest. It changes
   * nothing, except that the kernel may load its WireGuard module.
   *
   * @throws WireGuardError `ABORT_ERR`, `EBADF` or `EINVAL` for the call itself. What fails in the
   * tests is a reason in the result
   * @example
   * ```js
   * const { create } = await wg.capabilities()
   * if (!create.ok) console.log(create.reason)
   * ```
   */
  async capabilities(options?: CallOptions): Promise<Capabilities> {
    return await capabilities(this.#backends, options)
  }

  /**
   * Ends the running calls and closes every socket. Waits until each running `createDevice` has
   * rolled back.
   *
   * @example
   * ```js
   * await wg.close()
   * ```
   */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([this.#calls.close(), this.#poller.close()])
    await this.#backends.close()
  }

  /** Closes it, as {@link WireGuard.close}, at the end of an `await using` scope. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #plan(
    name: string,
    given: Conf | string,
    file: TunnelFile | undefined,
    options: PlanOptions,
  ): Promise<TunnelPlan> {
    const checked = checkPlanOptions(name, options)
    const conf = givenConf(given, { operation: PLAN, device: name, path: 'conf' })
    return await this.#calls.run(PLAN, name, options, (signal) =>
      plan(this.#downHost(), { conf, file }, { ...checked, limits: { ...checked.limits, signal } }),
    )
  }

  /** Goes on looking up the names of a tunnel that came up without them. */
  #keepLater(name: string, conf: Conf, { resolve }: CheckedUpOptions): void {
    void this.#keepers.get(name)?.close()
    this.#keepers.delete(name)
    if (resolve === false || !resolve.isLater) return
    const { family, lookup } = resolve.options
    this.#keepers.set(name, this.keepEndpoints(name, conf, { family, lookup }))
  }

  async #up(
    name: string,
    given: Conf | string,
    file: TunnelFile | undefined,
    options: UpOptions,
  ): Promise<Tunnel> {
    const checked = checkUpOptions(name, options)
    const conf = givenConf(given, { operation: UP, device: name, path: 'conf' })
    const facts = await this.#calls.run(UP, name, options, (signal) =>
      up(this.#downHost(), { conf, file }, { ...checked, limits: { ...checked.limits, signal } }),
    )
    if (facts.created) this.#keepLater(name, conf, checked)
    const { stateDirectory } = checked
    return tunnelHandle(facts, (limits = {}) => this.down(name, { stateDirectory, ...limits }))
  }

  async #reload(
    name: string,
    given: Conf | string,
    file: TunnelFile | undefined,
    options: ReloadOptions,
  ): Promise<ReloadResult> {
    const { dryRun } = checkReloadOptions(name, options)
    const conf = givenConf(given, { operation: RELOAD, device: name, path: 'conf' })
    const result = await this.#calls.run(RELOAD, name, options, (signal) =>
      reload(this.#downHost(), { conf, file }, checkReloadOptions(name, { ...options, signal })),
    )
    if (!dryRun) this.#keepLater(name, conf, result.checked)
    const { steps, families, warnings } = result
    return { steps, families, warnings }
  }

  #downHost(): ReloadHost {
    return {
      host: this.#backends,
      configure: (name, config, options) => this.configureDevice(name, config, options),
      readDevice: (name, options) => readDevice(this.#backends, name, options),
      save: (name, path, hasOwnMark, options) => {
        const source = { ...this.#saveSource(), hasOwnMark: () => Promise.resolve(hasOwnMark) }
        return save(source, name, path, options)
      },
    }
  }

  #saveSource(): SaveSource {
    return {
      hasOwnMark: async (name) =>
        this.#backends.loadNetlink !== undefined &&
        (await ownMark(this.#backends.network, DEFAULT_STATE_DIRECTORY, name)),
      device: (name, options) => readDevice(this.#backends, name, options),
      links: () => (this.#backends.loadNetlink === undefined ? undefined : this.#links()),
    }
  }

  #links(): Promise<NetlinkLinks> {
    return this.#backends.network.links()
  }
}
