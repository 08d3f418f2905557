import type { PublicKey } from 'wireguardcfg'
import { checkOptions, invalid, type OptionTable } from 'wireguardcfg/internal'

/**
 * The text form: `'prometheus'` is version 0.0.4 of the text format, `'openmetrics'` OpenMetrics
 * 1.0.
 */
export type MetricsFormat = 'prometheus' | 'openmetrics'

/**
 * The names of the metrics. `'default'`: those of mdlayher's `wireguard_exporter`, and more.
 * `'mindflavor'`: those of `prometheus_wireguard_exporter`. `'all'`: both.
 */
export type MetricsProfile = 'default' | 'mindflavor' | 'all'

/** Options of {@link renderMetrics}. */
export interface MetricsOptions {
  /** Default `'prometheus'`. */
  readonly format?: MetricsFormat | undefined
  /** Default `'default'`. */
  readonly profile?: MetricsProfile | undefined
  /** Names of peers by public key, as {@link peerNames} reads them from files. */
  readonly names?: ReadonlyMap<PublicKey, string> | undefined
  /**
   * Whether endpoints are in the metrics. They are personal data, and a peer that roams makes new
   * series. Default: false.
   */
  readonly endpoints?: boolean | undefined
  /** The time to compare handshakes with, in milliseconds since the epoch; default: now. */
  readonly now?: number | undefined
}

/** What an option takes. */
export const METRICS_OPTIONS: OptionTable<MetricsOptions> = {
  format: ['prometheus', 'openmetrics'],
  profile: ['default', 'mindflavor', 'all'],
  names: 'checked later',
  endpoints: 'boolean',
  now: 'checked later',
}

/** Options with their defaults. */
export interface CheckedMetricsOptions {
  readonly format: MetricsFormat
  readonly profile: MetricsProfile
  readonly names: ReadonlyMap<PublicKey, string>
  readonly endpoints: boolean
  readonly now: number
}

/** Checks options. @throws WireGuardError `EINVAL` with the `path` of the option */
export function checkMetricsOptions(options: MetricsOptions): CheckedMetricsOptions {
  checkOptions(options, METRICS_OPTIONS, { operation: 'render metrics' })
  return checkedMetricsOptions(options)
}

/** As {@link checkMetricsOptions}, for options of which the names have been checked. */
export function checkedMetricsOptions({
  format = 'prometheus',
  profile = 'default',
  names = new Map(),
  endpoints = false,
  now = Date.now(),
}: MetricsOptions): CheckedMetricsOptions {
  // Not by `instanceof`: the map may come from another realm.
  if (typeof names?.get !== 'function') {
    throw invalid('expected a Map of names by public key', {
      operation: 'render metrics',
      path: 'names',
    })
  }
  if (!Number.isFinite(now)) {
    throw invalid('expected milliseconds', { operation: 'render metrics', path: 'now' })
  }
  return { format, profile, names, endpoints, now }
}
