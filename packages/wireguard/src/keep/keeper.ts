import {
  type DeviceConfig,
  type Endpoint,
  isWireGuardError,
  type Peer,
  type PublicKey,
} from 'wireguardcfg'
import { abortError, callDeadline, Semaphore } from 'wireguardcfg/backend'
import {
  checkEndpoint,
  findPeer,
  isHostName,
  objectsOf,
  MOST_PEERS,
  onAbort,
  parsePublicKey,
} from 'wireguardcfg/internal'
import { lookUpAll } from '../resolve/lookup.js'
import type { Poller } from '../watch/poller.js'
import { type DeviceRead, SNAPSHOT_PEERS, type Subscription } from '../watch/subscription.js'
import { ToldErrors } from '../watch/told-errors.js'
import type { PeerName } from '../resolve/names.js'
import { KeptPeer, type PeerView } from './kept-peer.js'
import { checkKeepOptions, type KeepOptions, OPERATION } from './options.js'

/** Milliseconds after a handshake until a peer is overdue: two minutes, and some for the next. */
const STALE_AFTER = 135_000
const LOOKUPS_AT_ONCE = 16

/** Writes to a device. */
export type Write = (config: DeviceConfig, signal: AbortSignal) => Promise<void>

/**
 * Looks the names of endpoints up again while their peers are overdue: what
 * `WireGuard.keepEndpoints` returns.
 */
export class EndpointKeeper implements AsyncDisposable {
  readonly #poller: Poller
  readonly #write: Write
  readonly #name: string
  readonly #options: KeepOptions
  readonly #peers = new Map<PublicKey, KeptPeer>()
  readonly #subscription: Subscription
  readonly #ended = new AbortController()
  readonly #stopListening: () => void
  readonly #busy = new Map<KeptPeer, Promise<void>>()
  readonly #turns = new Semaphore(LOOKUPS_AT_ONCE)
  /** The lookups that run, by name: one for all peers of the name. */
  readonly #lookups = new Map<string, Promise<readonly string[]>>()
  readonly #failures = new ToldErrors()
  #last: DeviceRead | undefined

  /** @internal */
  constructor(
    poller: Poller,
    name: string,
    endpoints: readonly PeerName[],
    write: Write,
    options: KeepOptions,
  ) {
    checkKeepOptions(options)
    const { signal, staleAfter = STALE_AFTER } = options
    this.#poller = poller
    this.#name = name
    this.#write = write
    this.#options = options
    for (const named of checkNames(endpoints)) {
      this.#peers.set(named.publicKey, new KeptPeer(named, staleAfter))
    }
    if (signal?.aborted === true) {
      throw abortError({ operation: OPERATION, device: name }, signal.reason)
    }
    this.#subscription = poller.subscribe({
      devices: (device) => device === name,
      interval: 'adaptive',
      rule: { connectedFor: staleAfter, grace: 0 },
      traffic: false,
      snapshotPeers: SNAPSHOT_PEERS,
      onRead: (read) => this.#look(read),
    })
    void this.#reportErrors()
    this.#stopListening = onAbort(signal, () => void this.close())
  }

  /** Ends the keeping, and waits for a write that is running. The endpoints stay as they are. */
  async close(): Promise<void> {
    this.#stopListening()
    this.#ended.abort()
    this.#poller.unsubscribe(this.#subscription)
    await Promise.all(this.#busy.values())
  }

  /** Ends it, as {@link EndpointKeeper.close}, at the end of an `await using` scope. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #look(read: DeviceRead): void {
    this.#last = read
    for (const peer of read.device.peers) {
      const kept = this.#peers.get(peer.publicKey)
      if (kept === undefined || this.#busy.has(kept) || !kept.isDue(viewOf(peer, read))) continue
      const running = this.#keep(kept).finally(() => this.#busy.delete(kept))
      this.#busy.set(kept, running)
    }
  }

  async #keep(kept: KeptPeer): Promise<void> {
    const { publicKey, host, port } = kept.name
    try {
      const addresses = await this.#addressesOf(host, port)
      // It may have come back meanwhile, and a live peer is left alone.
      const read = this.#last
      const peer = read && findPeer(read.device, publicKey)
      if (read === undefined || peer === undefined || this.#ended.signal.aborted) return
      const view = viewOf(peer, read)
      if (!kept.isStale(view)) return
      const after = kept.choose(addresses, view)
      this.#failures.forget(host)
      if (after === undefined) return
      // Another program may have removed the peer: it stays removed.
      const change = { publicKey, updateOnly: true, endpoint: after }
      await this.#write({ peers: [change] }, this.#ended.signal)
      this.#options.onUpdate?.({ publicKey, host, before: peer.endpoint, after })
    } catch (error) {
      const peer = this.#last && findPeer(this.#last.device, publicKey)
      kept.fail(this.#last?.now() ?? 0, peer?.endpoint !== undefined)
      this.#report(host, error, publicKey)
    }
  }

  async #addressesOf(host: string, port: number): Promise<Endpoint[]> {
    const running = this.#lookups.get(host) ?? this.#lookUp(host, port)
    this.#lookups.set(host, running)
    try {
      return (await running).map((address) => checkEndpoint({ host: address, port }))
    } finally {
      this.#lookups.delete(host)
    }
  }

  async #lookUp(host: string, port: number): Promise<readonly string[]> {
    const { family, lookup } = this.#options
    const { signal } = this.#ended
    using wait = callDeadline({ operation: OPERATION }, { signal, idleTimeout: 0, timeout: 0 })
    return await this.#turns.run(wait, () =>
      lookUpAll({ host, port }, { family, lookup, signal, retries: 0 }),
    )
  }

  async #reportErrors(): Promise<void> {
    for (let event; (event = await this.#subscription.next()) !== undefined;) {
      if (event.type === 'error') this.#options.onError?.(event.error)
    }
    // Its WireGuard was closed.
    await this.close()
  }

  #report(host: string, error: unknown, peer: PublicKey): void {
    if (this.#ended.signal.aborted) return
    const told = this.#failures.take(host, error)
    if (told !== undefined) this.#options.onError?.(told.with({ device: this.#name, peer }))
  }
}

function viewOf(peer: Peer, { bornAt, now }: DeviceRead): PeerView {
  const { endpoint, transmitBytes, publicKey } = peer
  return { endpoint, transmitBytes, bornAt: bornAt(publicKey), now: now() }
}

/** Returns the endpoints that are names. @throws WireGuardError `EINVAL` with the `path` */
function checkNames(endpoints: readonly PeerName[]): PeerName[] {
  return Array.from(objectsOf(endpoints, MOST_PEERS, 'endpoints')).flatMap(([path, one]) => {
    const { publicKey, host, port } = one
    const named = typeof host === 'string' && isHostName(host)
    try {
      parsePublicKey(publicKey)
      checkEndpoint({ host: named ? '0.0.0.0' : host, port })
    } catch (error) {
      throw isWireGuardError(error) ? error.with({ path, operation: OPERATION }) : error
    }
    return named ? { publicKey, host, port } : []
  })
}
