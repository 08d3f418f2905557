/**
 * Metrics of devices for Prometheus and OpenMetrics.
 *
 * @packageDocumentation
 */
export {
  collectMetrics,
  peerNames,
  registerMetrics,
  type CollectOptions,
  type MetricsRegistry,
  type MetricsSource,
} from './metrics/collect.js'
export type { MetricsFormat, MetricsOptions, MetricsProfile } from './metrics/options.js'
export { METRICS_CONTENT_TYPES, metricsChunks, renderMetrics } from './metrics/render.js'
