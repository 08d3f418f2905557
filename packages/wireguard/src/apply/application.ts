import type { CallOptions, Device, Endpoint, Peer, PublicKey } from 'wireguardcfg'
import { type CheckedDeviceConfig, type CheckedPeerConfig, markChecked } from 'wireguardcfg/backend'
import { isWireGuardError, WireGuardError } from 'wireguardcfg/internal'
import { mergeConfigs } from 'wireguardcfg/internal/conf'
import { identityOf } from '../device-identity.js'
import { isSameEndpoint } from '../same-endpoint.js'
import { type Endpoints, isEndpointKept, type SyncResult } from '../sync/diff.js'
import { syncChecked, type SyncTarget } from '../sync/sync.js'
import type { WrittenEndpoints } from './written-endpoints.js'

/** How the peers of a file are applied: see `ApplyConfOptions.mode`. */
export type ApplyMode = 'sync' | 'set' | 'add'

/** What `applyConf` needs besides the calls of a `WireGuard`. */
export interface ApplyState {
  readonly socketDirectory: string
  readonly written: WrittenEndpoints
}

/** The endpoints of the file that was applied last time; undefined: the caller does not know. */
export type PreviousEndpoints = ReadonlyMap<PublicKey, Endpoint | undefined> | undefined

/** The application of one file to a device. Endpoints whose names take long follow the rest. */
export class Application {
  readonly #target: SyncTarget
  readonly #state: ApplyState
  readonly #name: string
  readonly #mode: ApplyMode
  readonly #limits: CallOptions
  #identity: string | undefined
  #rule: Endpoints = 'keep-roamed'
  /** The endpoints of the file that are known and were applied. */
  #known: ReadonlyMap<PublicKey, Endpoint | undefined> = new Map()
  #result: SyncResult = { added: [], updated: [], removed: [], unchanged: [] }

  constructor(
    target: SyncTarget,
    state: ApplyState,
    name: string,
    mode: ApplyMode,
    limits: CallOptions,
  ) {
    this.#target = target
    this.#state = state
    this.#name = name
    this.#mode = mode
    this.#limits = limits
  }

  /** What was changed so far. */
  get result(): SyncResult {
    return this.#result
  }

  /** The number of peers to which the file was applied so far. */
  get applied(): number {
    return this.#known.size
  }

  /** Applies everything. Peers without an endpoint keep the one that they have. */
  async apply(configs: readonly CheckedDeviceConfig[], previous: PreviousEndpoints): Promise<void> {
    const wanted = mergeConfigs(configs)
    const { written } = this.#state
    if (this.#mode === 'sync') {
      const ruleOf = (device: Device) => {
        this.#identity = identityOf(device, this.#state.socketDirectory)
        this.#rule = written.of(this.#name, this.#identity) ?? 'keep-roamed'
        return previous ?? this.#rule
      }
      this.#result = await syncChecked(this.#target, this.#name, wanted, ruleOf, this.#limits)
    } else {
      const device = await this.#target.device(this.#name, this.#limits)
      this.#identity = identityOf(device, this.#state.socketDirectory)
      // After `set`, a peer that has an endpoint got it from its own packets.
      if (this.#mode === 'add') this.#rule = 'write'
      this.#result = expected(device, wanted, this.#mode)
      const inOrder = this.#mode === 'set' ? [wanted] : configs
      await applyInOrder(this.#target, this.#name, inOrder, this.#limits)
    }
    this.#note(wanted)
  }

  /**
   * Writes the endpoints that have become known since, to the peers that are still there. One that
   * has roamed keeps its own, as in {@link Application.apply}.
   */
  async addEndpoints(wanted: CheckedDeviceConfig, previous: PreviousEndpoints): Promise<void> {
    const late = (wanted.peers ?? []).filter(
      ({ publicKey, endpoint }) =>
        endpoint !== undefined && !isSameEndpoint(endpoint, this.#known.get(publicKey)),
    )
    if (late.length === 0) return
    const device = await this.#target.device(this.#name, this.#limits)
    const live = new Map(device.peers.map((peer) => [peer.publicKey, peer]))
    const rule = (this.#mode === 'sync' ? previous : undefined) ?? this.#rule
    const changes = late.flatMap((peer) => lateChange(peer, live.get(peer.publicKey), rule))
    if (changes.length > 0) {
      const change = markChecked({ peers: changes })
      await this.#target.configureDevice(this.#name, change, this.#limits)
    }
    this.#note(wanted)
    this.#result = withUpdated(this.#result, changes)
  }

  #note(wanted: CheckedDeviceConfig): void {
    this.#known = new Map(
      (wanted.peers ?? []).map(({ publicKey, endpoint }) => [publicKey, endpoint]),
    )
    this.#state.written.note(this.#name, this.#identity, wanted, this.#result.removed)
  }
}

function lateChange(
  peer: CheckedPeerConfig,
  now: Peer | undefined,
  rule: Endpoints,
): CheckedPeerConfig[] {
  const { publicKey, endpoint } = peer
  const isKept = now === undefined || isEndpointKept(peer, now, rule)
  return isKept ? [] : [{ publicKey, updateOnly: true, endpoint }]
}

/** Returns the result after peers that were there before got their endpoints. */
function withUpdated(result: SyncResult, changes: readonly CheckedPeerConfig[]): SyncResult {
  const changed = new Set(changes.map(({ publicKey }) => publicKey))
  const unchanged = result.unchanged.filter((publicKey) => !changed.has(publicKey))
  const moved = result.unchanged.filter((publicKey) => changed.has(publicKey))
  return { ...result, updated: [...result.updated, ...moved], unchanged }
}

/** Several configurations are necessary when a file of `'add'` repeats a public key. */
async function applyInOrder(
  target: SyncTarget,
  name: string,
  configs: readonly CheckedDeviceConfig[],
  limits: CallOptions,
): Promise<void> {
  let applied = 0
  for (const config of configs) {
    try {
      await target.configureDevice(name, config, limits)
    } catch (error) {
      throw isWireGuardError(error) && applied > 0 ? appliedAfter(error, applied) : error
    }
    applied += config.peers?.length ?? 0
  }
}

/** Returns the error of a call that followed others, of which so many peers had been applied. */
export function appliedAfter(error: WireGuardError, before: number): WireGuardError {
  const { summary, code, operation, device, peer, path, detail, hint, cause, applied = 0 } = error
  const parts = { code, operation, device, peer, path, detail, hint, cause }
  return new WireGuardError(summary, {
    ...parts,
    applied: typeof applied === 'number' ? before + applied : applied,
  })
}

/** Returns what replacing or adding the peers of a file does to those of a device. */
function expected(
  { peers }: Device,
  { peers: wanted = [] }: CheckedDeviceConfig,
  mode: Exclude<ApplyMode, 'sync'>,
): SyncResult {
  const existing = new Set(peers.map(({ publicKey }) => publicKey))
  const keys = new Set(wanted.map(({ publicKey }) => publicKey))
  const others = [...existing].filter((publicKey) => !keys.has(publicKey))
  return {
    added: [...keys].filter((publicKey) => !existing.has(publicKey)),
    updated: [...keys].filter((publicKey) => existing.has(publicKey)),
    removed: mode === 'set' ? others : [],
    unchanged: mode === 'set' ? [] : others,
  }
}
