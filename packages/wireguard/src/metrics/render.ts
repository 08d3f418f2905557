import type { Device, Peer } from 'wireguardcfg'
import { invalid } from 'wireguardcfg/internal'
import {
  FAMILIES,
  type Family,
  type OtherFamily,
  PEER_LABELS,
  type PeerFamily,
  profilesOf,
  type Scrape,
} from './families.js'
import { labelsObject, labelsText } from './label.js'
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
  return textOf(scrapeOf(devices), checked)
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

/** Returns the text of a scrape. */
export function textOf(scrape: Scrape, options: CheckedMetricsOptions): string {
  let text = ''
  for (const chunk of chunksOf(scrape, options)) text += chunk
  return text
}

/** Yields the text of a scrape. */
export function* chunksOf(
  scrape: Scrape,
  options: CheckedMetricsOptions,
): Generator<string, void, undefined> {
  for (const profile of profilesOf(options.profile)) {
    const { labels: names, labelValues: valuesFor } = PEER_LABELS[profile]
    // Every metric of peers has the same labels.
    const devices = scrape.devices.map((device) => ({
      peers: device.peers,
      labels: device.peers.map((peer) => labelsText(names, valuesFor(device, peer, options))),
    }))
    for (const family of FAMILIES[profile]) {
      let head = header(family, options.format)
      const texts =
        family.of === 'scrape'
          ? [scrapeLines(family, scrape, options)]
          : devices.map(({ peers, labels }) => peerLines(family, peers, labels, options))
      for (const text of texts) {
        if (text === '') continue
        yield head + text
        head = ''
      }
    }
  }
  if (options.format === 'openmetrics') yield '# EOF\n'
}

function scrapeLines(family: OtherFamily, scrape: Scrape, options: CheckedMetricsOptions): string {
  const name = sampleName(family)
  let text = ''
  for (const { labels, value } of family.samples(scrape, options)) {
    const shown = labelsText(family.labels, labels)
    text += `${name}${shown === '' ? '' : `{${shown}}`} ${value}\n`
  }
  return text
}

/** So many lines are put together at once: fewer and more take longer, because of garbage. */
const LINES_AT_ONCE = 64

/**
 * Returns the lines of all peers of a device.
 *
 * @param common of each peer, the labels that all metrics have
 */
function peerLines(
  { value, labels = [], labelValues, ...family }: PeerFamily,
  peers: readonly Peer[],
  common: readonly string[],
  options: CheckedMetricsOptions,
): string {
  const start = `${sampleName(family)}{`
  let text = ''
  let lines: string[] = []
  for (let i = 0; i < peers.length; i++) {
    const peer = peers[i]!
    const end = `} ${value(peer, options)}\n`
    if (labelValues === undefined) lines.push(start + common[i]! + end)
    else {
      for (const own of labelValues(peer, options)) {
        lines.push(`${start + common[i]!},${labelsText(labels, own)}${end}`)
      }
    }
    if (lines.length >= LINES_AT_ONCE) {
      text += lines.join('')
      lines = []
    }
  }
  return text + lines.join('')
}

function sampleName({ name, type }: Pick<Family, 'name' | 'type'>): string {
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
      labels: labelsObject(family.labels, labels),
      value,
    }))
  }
  const { labels: common, labelValues: commonValuesOf } = PEER_LABELS[profile]
  const { labels = [], labelValues } = family
  const names = [...common, ...labels]
  return scrape.devices.flatMap((device) =>
    device.peers.flatMap((peer) => {
      const value = family.value(peer, options)
      const commonValues = commonValuesOf(device, peer, options)
      const lists = labelValues?.(peer, options) ?? [[]]
      return lists.map((own) => ({ labels: labelsObject(names, [...commonValues, ...own]), value }))
    }),
  )
}
