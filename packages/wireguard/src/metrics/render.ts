import type { Device } from 'wireguardcfg'
import { invalid } from 'wireguardcfg/internal'
import { FAMILIES, type Family, peerLabels, profilesOf, type Scrape } from './families.js'
import { labelsText } from './label.js'
import {
  type CheckedMetricsOptions,
  checkMetricsOptions,
  type MetricsFormat,
  type MetricsOptions,
  type MetricsProfile,
} from './options.js'

/** The media types of the formats, for the header `Content-Type`. */
export const METRICS_CONTENT_TYPES: Readonly<Record<MetricsFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/**
 * Returns the metrics of devices as a text. Only what is there is in it: a peer that was removed is
 * gone with the next text. No secret is in it.
 *
 * @throws WireGuardError `EINVAL` with the `path` of the option
 * @example
 * ```js
 * const text = renderMetrics(await wg.devices())
 * ```
 */
export function renderMetrics(devices: readonly Device[], options: MetricsOptions = {}): string {
  const checked = checkMetricsOptions(options)
  return Array.from(chunksOf(scrapeOf(devices), checked)).join('')
}

/**
 * Yields the text of {@link renderMetrics} in pieces, one for each metric of each device, so that a
 * server need not hold all of it.
 *
 * @throws WireGuardError `EINVAL` with the `path` of the option
 * @example
 * ```js
 * for (const chunk of metricsChunks(await wg.devices())) process.stdout.write(chunk)
 * ```
 */
export function* metricsChunks(
  devices: readonly Device[],
  options: MetricsOptions = {},
): Generator<string, void, undefined> {
  yield* chunksOf(scrapeOf(devices), checkMetricsOptions(options))
}

function scrapeOf(devices: readonly Device[]): Scrape {
  if (!Array.isArray(devices)) {
    throw invalid('expected an array of devices', { operation: 'render metrics', path: 'devices' })
  }
  return { devices, failed: [], duration: undefined }
}

/** Yields the text of a scrape. */
export function* chunksOf(
  scrape: Scrape,
  options: CheckedMetricsOptions,
): Generator<string, void, undefined> {
  for (const profile of profilesOf(options.profile)) {
    // Every metric of peers has the same labels.
    const labels = scrape.devices.map((device) =>
      device.peers.map((peer) => labelsText(peerLabels(device, peer, profile, options))),
    )
    for (const family of FAMILIES[profile]) yield* familyChunks(family, scrape, labels, options)
  }
  if (options.format === 'openmetrics') yield '# EOF\n'
}

function* familyChunks(
  family: Family,
  scrape: Scrape,
  labels: readonly (readonly string[])[],
  options: CheckedMetricsOptions,
): Generator<string, void, undefined> {
  const name = sampleName(family)
  let head = header(family, options.format)
  if (family.of === 'scrape') {
    let text = ''
    for (const { labels: own, value } of family.samples(scrape, options)) {
      const shown = labelsText(own)
      text += `${name}${shown === '' ? '' : `{${shown}}`} ${value}\n`
    }
    if (text !== '') yield head + text
    return
  }
  for (const [i, { peers }] of scrape.devices.entries()) {
    const lines: string[] = []
    for (let j = 0; j < peers.length; j++) {
      const [peer, common] = [peers[j]!, labels[i]![j]!]
      const value = family.value(peer, options)
      if (family.labels === undefined) lines.push(`${name}{${common}} ${value}\n`)
      else {
        for (const own of family.labels(peer, options)) {
          lines.push(`${name}{${common},${labelsText(own)}} ${value}\n`)
        }
      }
    }
    if (lines.length === 0) continue
    yield head + lines.join('')
    head = ''
  }
}

function sampleName({ name, type }: Family): string {
  return type === 'counter' ? `${name}_total` : type === 'info' ? `${name}_info` : name
}

/** OpenMetrics names the family, the older format the samples. */
function header(family: Family, format: MetricsFormat): string {
  const { name, type, unit, help } = family
  if (format === 'openmetrics') {
    const ofUnit = unit === undefined ? '' : `# UNIT ${name} ${unit}\n`
    return `# TYPE ${name} ${type}\n${ofUnit}# HELP ${name} ${help}\n`
  }
  const sample = sampleName(family)
  return `# HELP ${sample} ${help}\n# TYPE ${sample} ${type === 'info' ? 'gauge' : type}\n`
}

/** A metric as a registry wants it. */
export interface MetricValues {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly values: readonly { readonly labels: Record<string, string>; readonly value: number }[]
}

/** Returns the metrics of a profile, each with a function that returns its values. */
export function metricsOf(profile: MetricsProfile): readonly {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly valuesOf: (scrape: Scrape, options: CheckedMetricsOptions) => MetricValues['values']
}[] {
  return profilesOf(profile).flatMap((one) =>
    FAMILIES[one].map((family) => ({
      name: sampleName(family),
      help: family.help,
      type: family.type === 'counter' ? 'counter' : 'gauge',
      valuesOf: (scrape, options) => valuesOf(family, one, scrape, options),
    })),
  )
}

function valuesOf(
  family: Family,
  profile: Exclude<MetricsProfile, 'all'>,
  scrape: Scrape,
  options: CheckedMetricsOptions,
): MetricValues['values'] {
  if (family.of === 'scrape') {
    return Array.from(family.samples(scrape, options), ({ labels, value }) => ({
      labels: { ...labels },
      value,
    }))
  }
  return scrape.devices.flatMap((device) =>
    device.peers.flatMap((peer) => {
      const value = family.value(peer, options)
      const common = peerLabels(device, peer, profile, options)
      const lists = family.labels?.(peer, options) ?? [{}]
      return lists.map((own) => ({ labels: { ...common, ...own }, value }))
    }),
  )
}
