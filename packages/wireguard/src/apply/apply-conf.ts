import type {
  CallOptions,
  Device,
  DeviceConfig,
  Endpoint,
  NamedDeviceConfig,
  PublicKey,
  WireGuardErrorInit,
} from 'wireguardcfg'
import type { CheckedDeviceConfig } from 'wireguardcfg/backend'
import { type Conf, configFromConf, parseConf } from 'wireguardcfg/conf'
import {
  atPath,
  CALL_OPTIONS,
  checkOptions,
  invalid,
  isWireGuardError,
  type OptionTable,
  WireGuardError,
} from 'wireguardcfg/internal'
import { mergeConfigs, toDeviceConfigs, withEndpoints } from 'wireguardcfg/internal/conf'
import { socketPath } from 'wireguardcfg/internal/socket'
import {
  nameOf,
  type ResolveConfigOptions,
  resolvePeerNames,
  type UnresolvedEndpoint,
  withAddresses,
  withDefaults,
} from '../resolve/config.js'
import { inCall, resolveOptionsOf } from '../resolve/for-call.js'
import type { SyncResult } from '../sync/diff.js'
import { syncChecked, type SyncTarget } from '../sync/sync.js'
import { socketId } from '../userspace/serving.js'
import type { WrittenEndpoints } from './written-endpoints.js'

/** Options of `WireGuard.applyConf`. */
export interface ApplyConfOptions extends CallOptions {
  /**
   * What happens to the device. `'sync'` (default): it becomes what the file says, by differences,
   * so sessions continue; as `wg syncconf`, but for peers that have roamed. `'set'`: all peers are
   * removed first, as `wg setconf`. `'add'`: what the file does not name stays, as `wg addconf`.
   */
  readonly mode?: 'sync' | 'set' | 'add' | undefined
  /**
   * The file that was applied last time, for `'sync'`: an endpoint that it has as well is not
   * written to a peer that has another one by now. Default: what this `WireGuard` wrote to the
   * interface; if it wrote nothing yet, a peer that has completed a handshake keeps its endpoint.
   */
  readonly previous?: Conf | string | undefined
  /**
   * Whether host names are resolved, and how. Default: true, with one attempt (`retries: 0`) and
   * `onFailure: 'keep'`, so that a name server that cannot be reached holds nothing up for longer
   * than one lookup. False: peers with names keep their endpoints.
   */
  readonly resolve?: boolean | ResolveConfigOptions | undefined
  /** As `ConfOptions.unknownKeys` of `wireguard/conf`. */
  readonly unknownKeys?: 'error' | 'ignore' | undefined
}

/** The result of `WireGuard.applyConf`. */
export interface ApplyResult extends SyncResult {
  /** The names that have no address. Their peers keep the endpoints that they had. */
  readonly unresolved: readonly UnresolvedEndpoint[]
}

const APPLY_OPTIONS: OptionTable<ApplyConfOptions> = {
  ...CALL_OPTIONS,
  mode: ['sync', 'set', 'add'],
  previous: 'checked later',
  resolve: 'checked later',
  unknownKeys: ['error', 'ignore'],
}

/** Checks the options, before anything else. @throws WireGuardError `EINVAL` */
export function checkApplyOptions(name: string, options: ApplyConfOptions): void {
  checkOptions(options, APPLY_OPTIONS, { operation: OPERATION, device: name })
}

const OPERATION = 'apply configuration file'

/** What `applyConf` needs besides the calls of a `WireGuard`. */
export interface ApplyState {
  readonly socketDirectory: string
  readonly written: WrittenEndpoints
}

/** Applies a file to a device. The rules are those of `WireGuard.applyConf`. */
export async function applyConf(
  target: SyncTarget,
  state: ApplyState,
  name: string,
  given: Conf | string,
  options: ApplyConfOptions,
): Promise<ApplyResult> {
  const { mode = 'sync', previous, resolve = true, unknownKeys, ...limits } = options
  const context = { operation: OPERATION, device: name }
  const conf = fileOf(given, { ...context, path: 'conf' })
  const before = previous === undefined ? undefined : readPrevious(previous, unknownKeys, context)
  const conversion = toDeviceConfigs(conf, mode === 'add' ? 'addconf' : 'setconf', { unknownKeys })
  const lookups = resolveOptionsOf(resolve, context)
  const defaults = { retries: 0, signal: limits.signal, onFailure: 'keep' } as const
  const names = resolve === false ? [] : conversion.unresolved
  const { addresses, failures } = await inCall(context, () =>
    resolvePeerNames(names, withDefaults(lookups, defaults)),
  )
  const configs = withEndpoints(
    conversion,
    conversion.unresolved.map((one) => addresses.get(nameOf(one))),
  )
  const known = before && endpointsOf(withAddresses(before, addresses))
  const result = await apply(target, state, name, mode, configs, known, limits)
  return { ...result, unresolved: failures }
}

async function apply(
  target: SyncTarget,
  state: ApplyState,
  name: string,
  mode: 'sync' | 'set' | 'add',
  configs: readonly CheckedDeviceConfig[],
  previous: ReadonlyMap<PublicKey, Endpoint | undefined> | undefined,
  limits: CallOptions,
): Promise<SyncResult> {
  const wanted = mergeConfigs(configs)
  const { written } = state
  let identity: string | undefined
  let result: SyncResult
  if (mode === 'sync') {
    const policyOf = (device: Device) => {
      identity = identityOf(state, device)
      return previous ?? written.of(name, identity) ?? 'keep-roamed'
    }
    result = await syncChecked(target, name, wanted, policyOf, limits)
  } else {
    const device = await target.device(name, limits)
    identity = identityOf(state, device)
    result = expected(device, wanted, mode)
    await applyInOrder(target, name, mode === 'set' ? [wanted] : configs, limits)
  }
  written.note(name, identity, wanted, result.removed)
  return result
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
function appliedAfter(error: WireGuardError, before: number): WireGuardError {
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
  mode: 'set' | 'add',
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

/** What distinguishes an interface from a later one of the same name, as far as that is known. */
function identityOf({ socketDirectory }: ApplyState, device: Device): string | undefined {
  if (device.index !== undefined) return String(device.index)
  return device.backend === 'userspace'
    ? socketId(socketPath(device.name, socketDirectory))
    : undefined
}

function readPrevious(
  given: Conf | string,
  unknownKeys: ApplyConfOptions['unknownKeys'],
  context: Omit<WireGuardErrorInit, 'code'>,
): NamedDeviceConfig {
  const conf = fileOf(given, { ...context, path: 'previous' })
  return atPath('previous', () => configFromConf(conf, { unknownKeys }))
}

/** The endpoints of a configuration from a file, which are never text. */
function endpointsOf({ peers = [] }: DeviceConfig): ReadonlyMap<PublicKey, Endpoint> {
  const endpoints = new Map<PublicKey, Endpoint>()
  for (const { publicKey, endpoint } of peers) {
    if (typeof endpoint === 'object') endpoints.set(publicKey, endpoint)
  }
  return endpoints
}

function fileOf(conf: Conf | string, context: Omit<WireGuardErrorInit, 'code'>): Conf {
  if (typeof conf === 'string') return parseConf(conf)
  // The caller may have no type checker, or another copy of the package.
  if (typeof conf === 'object' && conf !== null && 'sections' in conf) return conf
  throw invalid('expected the text of a file, or what parseConf returned', context)
}
