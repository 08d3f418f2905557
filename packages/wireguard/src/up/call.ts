import type { DeviceConfig, NamedDeviceConfig } from 'wireguardcfg'
import { formatEndpoint, isWireGuardError } from 'wireguardcfg'
import type { CallContext } from 'wireguardcfg/backend'
import { withAddresses } from '../resolve/config.js'
import { resolveForCall } from '../resolve/for-call.js'
import type { Addresses } from '../resolve/names.js'
import type { CheckedResolveOptions, CheckedUpOptions } from './check-options.js'
import type { PlannedTunnel } from './plan/planned-tunnel.js'
import type { TunnelSettings } from './settings.js'
import { downHooks, type TunnelState } from './state/state.js'
import type { TunnelFile } from './tunnel-file.js'

/** What the names of a file lead to. */
export interface ResolvedSettings {
  /** Endpoints without an address are left out. */
  readonly config: DeviceConfig
  readonly addresses: Addresses
  readonly warnings: readonly string[]
}

/** Resolves the names of a file. */
export async function resolved(
  { config }: TunnelSettings,
  { resolve, limits }: CheckedUpOptions,
  context: CallContext & { readonly device: string },
): Promise<ResolvedSettings> {
  const found =
    resolve === false
      ? { config: withAddresses(config, new Map()), addresses: undefined }
      : await resolveForCall(config, resolve.options, limits, context, patienceOf(resolve))
  const isLater = resolve !== false && resolve.isLater
  const warnings = config.peers.flatMap(({ publicKey, endpoint }, i) =>
    endpoint === undefined || found.config.peers?.[i]?.endpoint !== undefined
      ? []
      : `the peer ${publicKey} has no endpoint${isLater ? ' yet' : ''}, because its host name was not resolved`,
  )
  return { config: found.config, addresses: found.addresses ?? new Map(), warnings }
}

/** Milliseconds for the names of a tunnel that comes up without them. */
const PATIENCE = 2000

function patienceOf({ isLater }: CheckedResolveOptions): number | undefined {
  return isLater ? PATIENCE : undefined
}

/** Returns what the state of a tunnel has of its plan and its file. */
export function plannedState(
  planned: PlannedTunnel,
  settings: TunnelSettings,
  { hooks, remembered }: CheckedUpOptions,
) {
  const { hasOwnMark, firewallMark, full, made, steps } = planned
  return {
    hasOwnMark,
    firewallMark,
    full,
    made,
    hooks: downHooks(settings.hooks, hooks === 'run'),
    endpoints: endpointsOf(settings),
    options: remembered,
    tellsResolved: steps.some(({ type }) => type === 'set-resolved'),
  } satisfies Partial<TunnelState>
}

/** Returns the endpoints of a file for the state of its tunnel. */
function endpointsOf({ config }: TunnelSettings): Record<string, string> {
  return Object.fromEntries(
    config.peers.flatMap(({ publicKey, endpoint }) =>
      endpoint === undefined
        ? []
        : [[publicKey, typeof endpoint === 'string' ? endpoint : formatEndpoint(endpoint)]],
    ),
  )
}

/** Returns the endpoints of a state as the configuration that was written last time. */
export function writtenEndpoints({ endpoints }: TunnelState): NamedDeviceConfig | undefined {
  if (endpoints === undefined) return undefined
  return {
    peers: Object.entries(endpoints).map(([publicKey, endpoint]) => ({ publicKey, endpoint })),
  }
}

export function warningsOf(file: TunnelFile | undefined): string[] {
  return file?.warning === undefined ? [] : [file.warning]
}

/** Runs a step, whose errors tell the call and the tunnel. */
export async function inCall<T>(context: CallContext, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw isWireGuardError(error) ? error.with(context) : error
  }
}
