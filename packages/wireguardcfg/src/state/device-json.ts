import { canonicalAllowedIP } from '../model/allowed-ip.js'
import type { BackendKind, Device, Peer } from '../model/device.js'
import { formatEndpoint, parseEndpoint } from '../model/endpoint.js'
import { invalid } from '../model/errors.js'
import { checkInterfaceName } from '../model/interface-name.js'
import { parsePublicKey, type PublicKey, SecretKey } from '../model/key.js'
import { checkOptions, type OptionTable } from '../model/options.js'
import { HIDDEN, quote } from '../model/quote.js'
import { checkReadDevice } from '../model/read-device.js'
import { JsonReader } from './json-reader.js'

/** A {@link Device} as JSON, as {@link deviceToJSON} returns it. What is not there is `null`. */
export interface DeviceJSON {
  /** The version of this form. */
  readonly version: 1
  /** As {@link Device.name}. */
  readonly name: string
  /** As {@link Device.backend}. */
  readonly backend: BackendKind
  /** As {@link Device.index}. */
  readonly index: number | null
  /** Base64, or `(hidden)`. */
  readonly privateKey: string | null
  /** Base64. */
  readonly publicKey: PublicKey | null
  /** As {@link Device.listenPort}. */
  readonly listenPort: number
  /** As {@link Device.firewallMark}. */
  readonly firewallMark: number
  /** As {@link Device.peers}. */
  readonly peers: readonly PeerJSON[]
}

/** A {@link Peer} as JSON. What is not there is `null`. */
export interface PeerJSON {
  /** Base64. */
  readonly publicKey: PublicKey
  /** Base64, or `(hidden)`. */
  readonly presharedKey: string | null
  /** `address:port` or `[address]:port`. */
  readonly endpoint: string | null
  /** As {@link Peer.persistentKeepalive}. */
  readonly persistentKeepalive: number
  /** ISO 8601, as `2026-11-25T08:00:00.000Z`. */
  readonly lastHandshake: string | null
  /** As {@link Peer.receiveBytes}. */
  readonly receiveBytes: number
  /** As {@link Peer.transmitBytes}. */
  readonly transmitBytes: number
  /** As {@link Peer.allowedIPs}. */
  readonly allowedIPs: readonly string[]
  /** As {@link Peer.protocolVersion}. */
  readonly protocolVersion: number
}

/** Options of {@link deviceToJSON}. */
export interface DeviceToJSONOptions {
  /** Whether private and preshared keys are written; else they are `(hidden)`. Default: no. */
  readonly reveal?: boolean | undefined
}

const JSON_OPTIONS: OptionTable<DeviceToJSONOptions> = { reveal: 'boolean' }

/**
 * Returns a device as JSON, for `JSON.stringify`. `wireguard show --json` prints the same form.
 *
 * @throws WireGuardError `EINVAL` for what is no device
 * @example
 * ```js
 * const text = JSON.stringify(deviceToJSON(await wg.device('wg0')))
 * ```
 */
export function deviceToJSON(device: Device, options: DeviceToJSONOptions = {}): DeviceJSON {
  checkReadDevice(device, 'write JSON')
  checkOptions(options, JSON_OPTIONS, { operation: 'write JSON', device: device.name })
  const { reveal = false } = options
  return {
    version: 1,
    name: device.name,
    backend: device.backend,
    index: device.index ?? null,
    privateKey: secretToJSON(device.privateKey, reveal),
    publicKey: device.publicKey ?? null,
    listenPort: device.listenPort,
    firewallMark: device.firewallMark,
    peers: device.peers.map((peer) => peerToJSON(peer, reveal)),
  }
}

function peerToJSON(peer: Peer, reveal: boolean): PeerJSON {
  return {
    publicKey: peer.publicKey,
    presharedKey: secretToJSON(peer.presharedKey, reveal),
    endpoint: peer.endpoint === undefined ? null : formatEndpoint(peer.endpoint),
    persistentKeepalive: peer.persistentKeepalive,
    lastHandshake: peer.lastHandshake?.toISOString() ?? null,
    receiveBytes: peer.receiveBytes,
    transmitBytes: peer.transmitBytes,
    allowedIPs: peer.allowedIPs,
    protocolVersion: peer.protocolVersion,
  }
}

function secretToJSON(key: SecretKey | undefined, reveal: boolean): string | null {
  if (key === undefined) return null
  return reveal ? key.toBase64() : HIDDEN
}

/**
 * Returns the device of which {@link deviceToJSON} has made JSON. Keys that were hidden are
 * `undefined`. Properties that this version does not know are ignored.
 *
 * @param json the parsed JSON
 * @throws WireGuardError `EINVAL` with the path of a value that is not valid, such as
 * `peers[3].endpoint`; with the path `version` for a form of another version
 * @example
 * ```js
 * const device = deviceFromJSON(JSON.parse(text))
 * ```
 */
export function deviceFromJSON(json: DeviceJSON): Device {
  const reader = JsonReader.of(json, 1)
  return {
    name: reader.get('name').parsed(checkInterfaceName),
    backend: reader.get('backend').parsed(parseBackend),
    index: reader.get('index').orNull((index) => index.count(0x7fffffff)),
    privateKey: secretFromJSON(reader.get('privateKey')),
    publicKey: reader.get('publicKey').orNull((key) => key.parsed(parsePublicKey)),
    listenPort: reader.get('listenPort').count(0xffff),
    firewallMark: reader.get('firewallMark').count(0xffffffff),
    peers: reader.get('peers').list().map(peerFromJSON),
  }
}

function peerFromJSON(reader: JsonReader): Peer {
  return {
    publicKey: reader.get('publicKey').parsed(parsePublicKey),
    presharedKey: secretFromJSON(reader.get('presharedKey')),
    endpoint: reader.get('endpoint').orNull((endpoint) => endpoint.parsed(parseEndpoint)),
    persistentKeepalive: reader.get('persistentKeepalive').count(0xffff),
    lastHandshake: reader.get('lastHandshake').orNull((time) => time.parsed(parseTime)),
    receiveBytes: reader.get('receiveBytes').count(),
    transmitBytes: reader.get('transmitBytes').count(),
    allowedIPs: reader
      .get('allowedIPs')
      .list()
      .map((allowedIP) => allowedIP.parsed(canonicalAllowedIP)),
    protocolVersion: reader.get('protocolVersion').count(),
  }
}

function secretFromJSON(reader: JsonReader): SecretKey | undefined {
  return reader.orNull((key) => (key.text() === HIDDEN ? undefined : key.parsed(parseSecret)))
}

/** Parses a key in JSON, which is base64: `SecretKey.parse` takes hexadecimal digits too. */
export function parseSecret(text: string): SecretKey {
  const key = SecretKey.parse(text)
  if (key.toBase64() !== text) throw invalid('expected a key in base64')
  return key
}

function parseBackend(text: string): BackendKind {
  if (text === 'kernel' || text === 'userspace') return text
  throw invalid(`expected kernel or userspace, got ${quote(text)}`)
}

/** Parses a time of ISO 8601. */
export function parseTime(text: string): Date {
  const time = new Date(text)
  if (/^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(time.getTime())) return time
  throw invalid(`expected a time of ISO 8601, got ${quote(text)}`)
}
