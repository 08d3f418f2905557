import { type Device, formatEndpoint, isConnected, type Peer } from 'wireguardcfg'
import type { CheckedMetricsOptions, MetricsProfile } from './options.js'

/** What was read for one set of metrics. */
export interface Scrape {
  readonly devices: readonly Device[]
  /** The names of the devices that could not be read. */
  readonly failed: readonly string[]
  /** How long the read took, in seconds; undefined: not known. */
  readonly duration: number | undefined
}

/** Names and values of labels, in their order. */
export type Labels = Readonly<Record<string, string>>

/** Some values of one metric, of equal labels but for those that are added. */
export interface Sample {
  readonly labels: Labels
  readonly value: number
}

/** A metric of peers, whose labels all metrics of the profile have. */
interface PeerFamily {
  readonly of: 'peer'
  /** One value for each peer. */
  readonly value: (peer: Peer, options: CheckedMetricsOptions) => number
  /** What labels it has besides; absent: none. Each list is a sample. */
  readonly labels?: (peer: Peer, options: CheckedMetricsOptions) => readonly Labels[]
}

/** A metric with labels of its own. */
interface OtherFamily {
  readonly of: 'scrape'
  readonly samples: (scrape: Scrape, options: CheckedMetricsOptions) => Iterable<Sample>
}

/** A metric: its name without `_total` and `_info`, and where its values come from. */
export type Family = {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'info'
  readonly unit?: 'bytes' | 'seconds'
  readonly help: string
} & (PeerFamily | OtherFamily)

/** The labels that every metric of peers has. */
export function peerLabels(
  device: Device,
  peer: Peer,
  profile: Exclude<MetricsProfile, 'all'>,
  { names }: CheckedMetricsOptions,
): Labels {
  if (profile === 'default') return { device: device.name, public_key: peer.publicKey }
  const name = names.get(peer.publicKey)
  return {
    interface: device.name,
    public_key: peer.publicKey,
    allowed_ips: peer.allowedIPs.join(','),
    ...(name === undefined ? {} : { friendly_name: name }),
  }
}

/** Seconds since the epoch, 0 for never, as the exporters have it. */
function handshakeTime({ lastHandshake }: Peer): number {
  return lastHandshake === undefined ? 0 : lastHandshake.getTime() / 1000
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
    *samples({ devices }) {
      for (const { name: device, publicKey = '' } of devices) {
        yield { labels: { device, public_key: publicKey }, value: 1 }
      }
    },
  },
  {
    name: 'wireguard_device_peers',
    type: 'gauge',
    help: 'Number of peers.',
    of: 'scrape',
    *samples({ devices }) {
      for (const { name: device, peers } of devices) {
        yield { labels: { device }, value: peers.length }
      }
    },
  },
  {
    name: 'wireguard_device_listen_port',
    type: 'gauge',
    help: 'UDP port; 0: none yet.',
    of: 'scrape',
    *samples({ devices }) {
      for (const { name: device, listenPort } of devices) {
        yield { labels: { device }, value: listenPort }
      }
    },
  },
  {
    name: 'wireguard_peer',
    type: 'info',
    help: 'A peer of a device. In metrics of peers, public_key is the key of the peer.',
    of: 'peer',
    value: ONE,
    labels: ({ publicKey, endpoint }, { names, endpoints }) => [
      {
        endpoint: endpoints && endpoint !== undefined ? formatEndpoint(endpoint) : '',
        name: names.get(publicKey) ?? '',
      },
    ],
  },
  {
    name: 'wireguard_peer_allowed_ips',
    type: 'info',
    help: 'An allowed IP of a peer.',
    of: 'peer',
    value: ONE,
    labels: ({ allowedIPs }) =>
      allowedIPs.map((allowedIP) => ({
        allowed_ips: allowedIP,
        family: allowedIP.includes(':') ? 'IPv6' : 'IPv4',
      })),
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
    value: (peer, { now }) => (isConnected(peer, { now }) ? 1 : 0),
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
    *samples({ devices, failed }) {
      for (const { name: device } of devices) yield { labels: { device }, value: 1 }
      for (const device of failed) yield { labels: { device }, value: 0 }
    },
  },
  {
    name: 'wireguard_scrape_errors',
    type: 'gauge',
    help: 'Number of devices that could not be read.',
    of: 'scrape',
    *samples({ failed }) {
      yield { labels: {}, value: failed.length }
    },
  },
  {
    name: 'wireguard_scrape_duration_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'How long reading the devices took.',
    of: 'scrape',
    *samples({ duration }) {
      if (duration !== undefined) yield { labels: {}, value: duration }
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
