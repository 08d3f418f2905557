import type { OptionTable } from 'wireguardcfg/internal'
import { RESOLVE_OPTIONS, type ResolveOptions } from './lookup.js'

/** Options of `resolveConfig`, and of calls that resolve names on the way. */
export interface ResolveConfigOptions extends ResolveOptions {
  /**
   * What to do when a name has no address. `'throw'`: the call fails, and nothing is changed.
   * `'keep'`: the peer keeps the endpoint that the device has. Default: `'keep'` where the result
   * tells the failures (`resolveConfig` and `applyConf`), `'throw'` elsewhere.
   */
  readonly onFailure?: 'throw' | 'keep' | undefined
}

export const RESOLVE_CONFIG_OPTIONS: OptionTable<ResolveConfigOptions> = {
  ...RESOLVE_OPTIONS,
  onFailure: ['throw', 'keep'],
}

/** Returns options with other defaults. `undefined` counts as absent, as in every call. */
export function withDefaults(
  options: ResolveConfigOptions,
  defaults: ResolveConfigOptions,
): ResolveConfigOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(given) }
}
