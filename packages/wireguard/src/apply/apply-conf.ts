import type {
  CallOptions,
  DeviceConfig,
  Endpoint,
  NamedDeviceConfig,
  PublicKey,
  WireGuardErrorInit,
} from 'wireguardcfg'
import { type Conf, configFromConf } from 'wireguardcfg/conf'
import {
  atPath,
  CALL_OPTIONS,
  checkOptions,
  isWireGuardError,
  type OptionTable,
} from 'wireguardcfg/internal'
import { mergeConfigs, toDeviceConfigs, withEndpoints } from 'wireguardcfg/internal/conf'
import { givenConf } from '../given-conf.js'
import { withAddresses } from '../resolve/config.js'
import { CallLookups, resolveOptionsOf } from '../resolve/for-call.js'
import { nameOf, PendingNames, type UnresolvedEndpoint } from '../resolve/names.js'
import { type ResolveConfigOptions, withDefaults } from '../resolve/options.js'
import type { SyncResult } from '../sync/diff.js'
import type { SyncTarget } from '../sync/sync.js'
import { appliedAfter, Application, type ApplyState } from './application.js'

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
   * `onFailure: 'keep'`. Names that are not known after a quarter of a second hold nothing up: the
   * rest of the file is applied without them, and their endpoints follow before the call ends. With
   * `onFailure: 'throw'`, all names are waited for first. False: peers with names keep their
   * endpoints.
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
  const conf = givenConf(given, { ...context, path: 'conf' })
  const before = previous === undefined ? undefined : readPrevious(previous, unknownKeys, context)
  const conversion = toDeviceConfigs(conf, mode === 'add' ? 'addconf' : 'setconf', { unknownKeys })
  const lookupOptions = withDefaults(resolveOptionsOf(resolve, context), {
    retries: 0,
    onFailure: 'keep',
  })
  using lookups = new CallLookups(lookupOptions, limits, context)
  const names = new PendingNames(resolve === false ? [] : conversion.unresolved, lookups.options)
  await lookups.wait(names.wait(lookupOptions.onFailure === 'throw' ? Infinity : PATIENCE))
  const configs = () =>
    withEndpoints(
      conversion,
      conversion.unresolved.map((one) => names.addresses.get(nameOf(one))),
    )
  const previousEndpoints = () => before && endpointsOf(withAddresses(before, names.addresses))
  const application = new Application(target, state, name, mode, limits)
  let { isDone } = names
  await application.apply(configs(), previousEndpoints())
  try {
    while (!isDone) {
      await lookups.wait(names.waitForMore(PATIENCE))
      isDone = names.isDone
      await application.addEndpoints(mergeConfigs(configs()), previousEndpoints())
    }
  } catch (error) {
    throw isWireGuardError(error) ? appliedAfter(error, application.applied) : error
  }
  return { ...application.result, unresolved: names.failures }
}

/**
 * Milliseconds to wait for names before the rest of a file is applied, so that it is nearly always
 * one message, and a slow name server holds nothing else up.
 */
const PATIENCE = 250

function readPrevious(
  given: Conf | string,
  unknownKeys: ApplyConfOptions['unknownKeys'],
  context: Omit<WireGuardErrorInit, 'code'>,
): NamedDeviceConfig {
  const conf = givenConf(given, { ...context, path: 'previous' })
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
