import { type Device, formatEndpoint, type Peer } from 'wireguardcfg'
import { isConnectedAt } from 'wireguardcfg/internal'
import type { CheckedMetricsOptions, MetricsProfile } from './options.js'

/** What was read for one set of metrics. */
export interface Scrape {
  readonly devices: readonly Device[]
  /** The names of the devices that could not be read. */
  readonly failed: readonly string[]
  /** How long the read took, in seconds; undefined: not known. */
  readonly duration: number | undefined
}

/** The values of labels, in the order of their names; undefined: without this label. */
export type LabelValues = readonly (string | undefined)[]

/** One value of a metric. */
export interface Sample {
  readonly labels: LabelValues
  readonly value: number
}

/** What all metrics have. */
interface FamilyHead {
  /** Without `_total` and `_info`. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'info'
  readonly unit?: 'bytes' | 'seconds'
  readonly help: string
}

/** A metric of peers. */
export interface PeerFamily extends FamilyHead {
  readonly of: 'peer'
  /** One value for each peer. */
  readonly value: (peer: Peer, options: CheckedMetricsOptions) => number
  /** What labels it has besides those of {@link PEER_LABELS}; absent: none. */
  readonly labels?: readonly string[]
  /** The values of these labels. Each list is a sample. */
  readonly labelValues?: (peer: Peer, options: CheckedMetricsOptions) => readonly LabelValues[]
}

/** A metric of the read or of its devices. */
export interface OtherFamily extends FamilyHead {
  readonly of: 'scrape'
  readonly labels: readonly string[]
  readonly samples: (scrape: Scrape, options: CheckedMetricsOptions) => Iterable<Sample>
}

/** A metric: where its values come from. */
export type Family = PeerFamily | OtherFamily

/** The labels that all metrics of peers have. */
export const PEER_LABELS: Readonly<
  Record<
    Exclude<MetricsProfile, 'all'>,
    {
      readonly labels: readonly string[]
      readonly labelValues: (
        device: Device,
        peer: Peer,
        options: CheckedMetricsOptions,
      ) => LabelValues
    }
  >
> = {
  default: {
    labels: ['device', 'public_key'],
    labelValues: ({ name }, { publicKey }) => [name, publicKey],
  },
  mindflavor: {
    labels: ['interface', 'public_key', 'allowed_ips', 'friendly_name'],
    labelValues: ({ name }, { publicKey, allowedIPs }, { names }) => [
      name,
      publicKey,
      allowedIPs.join(','),
      names.get(publicKey),
    ],
  },
}

/** Whole seconds since the epoch, 0 for never, as the exporters have it. */
function handshakeTime({ lastHandshake }: Peer): number {
  return lastHandshake === undefined ? 0 : Math.floor(lastHandshake.getTime() / 1000)
}

const ONE = () => 1
const RECEIVED = ({ receiveBytes }: Peer) => receiveBytes
const SENT = ({ transmitBytes }: Peer) => transmitBytes

/** The names and labels of mdlayher's wireguard_exporter, and more. */
const DEFAULT: readonly Family[] = [
  {
    name: 'wireguard_device',
    type: 'info',
    help: 'A device that was read.',
    of: 'scrape',
    labels: ['device', 'public_key'],
    *samples({ devices }) {
      for (const { name, publicKey = '' } of devices) yield { labels: [name, publicKey], value: 1 }
    },
  },
  {
    name: 'wireguard_device_peers',
    type: 'gauge',
    help: 'Number of peers.',
    of: 'scrape',
    labels: ['device'],
    *samples({ devices }) {
      for (const { name, peers } of devices) yield { labels: [name], value: peers.length }
    },
  },
  {
    name: 'wireguard_device_listen_port',
    type: 'gauge',
    help: 'UDP port; 0: none yet.',
    of: 'scrape',
    labels: ['device'],
    *samples({ devices }) {
      for (const { name, listenPort } of devices) yield { labels: [name], value: listenPort }
    },
  },
  {
    name: 'wireguard_peer',
    type: 'info',
    help: 'A peer of a device. In metrics of peers, public_key is the key of the peer.',
    of: 'peer',
    value: ONE,
    labels: ['endpoint', 'name'],
    labelValues: ({ publicKey, endpoint }, { names, endpoints }) => [
      [
        endpoints && endpoint !== undefined ? formatEndpoint(endpoint) : '',
        names.get(publicKey) ?? '',
      ],
    ],
  },
  {
    name: 'wireguard_peer_allowed_ips',
    type: 'info',
    help: 'An allowed IP of a peer.',
    of: 'peer',
    value: ONE,
    labels: ['allowed_ips', 'family'],
    labelValues: ({ allowedIPs }) =>
      allowedIPs.map((allowedIP) => [allowedIP, allowedIP.includes(':') ? 'IPv6' : 'IPv4']),
  },
  {
    name: 'wireguard_peer_receive_bytes',
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes received from a peer.',
    of: 'peer',
    value: RECEIVED,
  },
  {
    name: 'wireguard_peer_transmit_bytes',
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes sent to a peer.',
    of: 'peer',
    value: SENT,
  },
  {
    name: 'wireguard_peer_last_handshake_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Unix time of the last handshake with a peer; 0: there was none.',
    of: 'peer',
    value: handshakeTime,
  },
  {
    name: 'wireguard_peer_connected',
    type: 'gauge',
    help: 'Whether the last handshake with a peer is at most 195 seconds ago.',
    of: 'peer',
    value: ({ lastHandshake }, { now }) => (isConnectedAt(lastHandshake, now) ? 1 : 0),
  },
  {
    name: 'wireguard_peer_persistent_keepalive_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Seconds between keepalive packets to a peer; 0: none are sent.',
    of: 'peer',
    value: ({ persistentKeepalive }) => persistentKeepalive,
  },
  {
    name: 'wireguard_peer_allowed_ip_entries',
    type: 'gauge',
    help: 'Number of allowed IPs of a peer.',
    of: 'peer',
    value: ({ allowedIPs }) => allowedIPs.length,
  },
]

/** The names and labels of MindFlavor's prometheus_wireguard_exporter. */
const MINDFLAVOR: readonly Family[] = [
  {
    name: 'wireguard_sent_bytes',
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes sent to the peer.',
    of: 'peer',
    value: SENT,
  },
  {
    name: 'wireguard_received_bytes',
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes received from the peer.',
    of: 'peer',
    value: RECEIVED,
  },
  {
    name: 'wireguard_latest_handshake_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Unix time of the last handshake; 0: there was none.',
    of: 'peer',
    value: handshakeTime,
  },
]

/** What is true of the read itself. */
const READ: readonly Family[] = [
  {
    name: 'wireguard_up',
    type: 'gauge',
    help: 'Whether a device could be read.',
    of: 'scrape',
    labels: ['device'],
    *samples({ devices, failed }) {
      for (const { name } of devices) yield { labels: [name], value: 1 }
      for (const name of failed) yield { labels: [name], value: 0 }
    },
  },
  {
    name: 'wireguard_scrape_errors',
    type: 'gauge',
    help: 'Number of devices that could not be read.',
    of: 'scrape',
    labels: [],
    *samples({ failed }) {
      yield { labels: [], value: failed.length }
    },
  },
  {
    name: 'wireguard_scrape_duration_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'How long reading the devices took.',
    of: 'scrape',
    labels: [],
    *samples({ duration }) {
      if (duration !== undefined) yield { labels: [], value: duration }
    },
  },
]

/** The metrics of each profile, of the ones that `'all'` has. */
export const FAMILIES: Readonly<Record<Exclude<MetricsProfile, 'all'>, readonly Family[]>> = {
  default: [...DEFAULT, ...READ],
  mindflavor: MINDFLAVOR,
}

/** The profiles that a profile consists of. */
export function profilesOf(profile: MetricsProfile): readonly Exclude<MetricsProfile, 'all'>[] {
  return profile === 'all' ? ['default', 'mindflavor'] : [profile]
}
