import type { CallOptions, Device, PublicKey } from 'wireguardcfg'
import { type Conf, peerSettings } from 'wireguardcfg/conf'
import { CALL_OPTIONS, checkOptions, limitsOf, type OptionTable } from 'wireguardcfg/internal'
import { givenConf } from '../given-conf.js'
import type { DevicesOptions } from '../devices.js'
import type { Scrape } from './families.js'
import { checkedMetricsOptions, METRICS_OPTIONS, type MetricsOptions } from './options.js'
import { metricsOf, type MetricValues, textOf } from './render.js'

/** What devices are read with: a `WireGuard`. */
export interface MetricsSource {
  /** Reads all devices, and passes errors to `onError`. */
  devices(options?: DevicesOptions): Promise<Device[]>
}

/** Options of {@link collectMetrics}. */
export interface CollectOptions extends MetricsOptions, CallOptions {}

const COLLECT_OPTIONS: OptionTable<CollectOptions> = { ...METRICS_OPTIONS, ...CALL_OPTIONS }

/**
 * Reads all devices and returns their metrics as a text. A device that cannot be read is
 * `wireguard_up{device="..."} 0`, and the others are there.
 *
 * @throws WireGuardError `EINVAL` with the `path` of the option; as `WireGuard.deviceNames`
 * @example
 * ```js
 * const text = await collectMetrics(wg, { format: 'openmetrics' })
 * ```
 */
export async function collectMetrics(
  wg: MetricsSource,
  options: CollectOptions = {},
): Promise<string> {
  checkOptions(options, COLLECT_OPTIONS, { operation: 'collect metrics' })
  const scrape = await readScrape(wg, options)
  return textOf(scrape, checkedMetricsOptions(options))
}

/** Reads all devices. */
export async function readScrape(wg: MetricsSource, options: CallOptions): Promise<Scrape> {
  const started = performance.now()
  const failed: string[] = []
  const devices = await wg.devices({
    ...limitsGiven(options),
    onError: (error) => {
      failed.push(error.device ?? '')
    },
  })
  return { devices, failed, duration: (performance.now() - started) / 1000 }
}

/** The limits that the caller gave. `devices` checks them. */
function limitsGiven({ signal, idleTimeout, timeout }: CallOptions): CallOptions {
  limitsOf({ signal, idleTimeout, timeout })
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    ...(timeout === undefined ? {} : { timeout }),
  }
}

/** What {@link registerMetrics} needs of a `Registry` of prom-client. */
export interface MetricsRegistry {
  /** Adds a metric. */
  registerMetric(metric: object): void
}

/**
 * Adds the metrics of all devices to a registry of prom-client. Each scrape of the registry reads
 * the devices once. A read that fails fails the scrape.
 *
 * @throws WireGuardError `EINVAL` with the `path` of the option
 * @example
 * ```js
 * registerMetrics(new Registry(), wg)
 * ```
 */
export function registerMetrics(
  registry: MetricsRegistry,
  wg: MetricsSource,
  options: CollectOptions = {},
): void {
  checkOptions(options, COLLECT_OPTIONS, { operation: 'collect metrics' })
  const { profile } = checkedMetricsOptions(options)
  let running: Promise<Scrape> | undefined
  // All metrics of a scrape are asked for at the same time.
  const scrape = (): Promise<Scrape> =>
    (running ??= readScrape(wg, options).finally(() => {
      running = undefined
    }))
  for (const { name, help, type, valuesOf } of metricsOf(profile)) {
    const get = async (): Promise<MetricValues> => {
      const values = valuesOf(await scrape(), checkedMetricsOptions(options))
      return { name, help, type, values }
    }
    registry.registerMetric({ name, help, type, aggregator: 'first', get, reset: ignore })
  }
}

/** Nothing is remembered that could be reset. */
function ignore(): void {}

/**
 * Returns the names of the peers of `.conf` files, by public key: those that `peerName` reads. Of
 * peers that several files have, the last name counts.
 *
 * @param confs files: what `parseConf` returned, or their texts
 * @throws ConfError `EINVAL` for the first error in a file
 * @example
 * ```js
 * const names = peerNames('[Peer]\n# friendly_name = laptop\nPublicKey = ...')
 * ```
 */
export function peerNames(...confs: readonly (Conf | string)[]): Map<PublicKey, string> {
  const names = new Map<PublicKey, string>()
  for (const given of confs) {
    const conf = givenConf(given, { operation: 'read names' })
    for (const { publicKey, name } of peerSettings(conf)) {
      if (name !== undefined) names.set(publicKey, name)
    }
  }
  return names
}
