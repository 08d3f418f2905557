import type { CallOptions, DeviceConfig, NamedDeviceConfig } from 'wireguardcfg'
import { invalid, isWireGuardError } from 'wireguardcfg/internal'
import {
  type Addresses,
  RESOLVE_CONFIG_OPTIONS,
  type ResolveConfigOptions,
  resolveNames,
  withDefaults,
} from './config.js'
import { checkResolveOptions } from './lookup.js'

/** A configuration for a call, whose names were resolved if the call has the option. */
export interface ConfigForCall {
  readonly config: DeviceConfig
  /** The addresses of the names; undefined: the call has no option `resolve`. */
  readonly addresses: Addresses | undefined
}

/**
 * Resolves the names of a configuration as the option `resolve` of a call says.
 *
 * @param limits of the call, whose signal ends the lookups unless `resolve` has its own
 * @throws WireGuardError `EINVAL` with the `path` of the option, and as `resolveConfig`
 */
export async function resolveForCall(
  config: NamedDeviceConfig,
  resolve: boolean | ResolveConfigOptions | undefined,
  { signal }: CallOptions,
  context: { readonly operation: string; readonly device: string },
): Promise<ConfigForCall> {
  if (resolve === undefined || resolve === false) return { config, addresses: undefined }
  const options = resolveOptionsOf(resolve, context)
  const { resolved, addresses } = await inCall(context, () =>
    resolveNames(config, withDefaults(options, { signal })),
  )
  return { config: resolved, addresses }
}

/** Runs a step, and adds the context of the call to its error. */
export async function inCall<T>(
  context: { readonly operation: string; readonly device: string },
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw isWireGuardError(error) ? error.with(context) : error
  }
}

/**
 * Returns the options for lookups that the option `resolve` of a call has; none for true and false.
 *
 * @throws WireGuardError `EINVAL` with the `path` of the option
 */
export function resolveOptionsOf(
  resolve: boolean | ResolveConfigOptions,
  context: { readonly operation: string; readonly device: string },
): ResolveConfigOptions {
  if (typeof resolve === 'boolean') return {}
  if (typeof resolve !== 'object' || resolve === null) {
    throw invalid('expected true, false or an object with options', { ...context, path: 'resolve' })
  }
  checkResolveOptions(resolve, RESOLVE_CONFIG_OPTIONS, { ...context, path: 'resolve.' })
  return resolve
}
