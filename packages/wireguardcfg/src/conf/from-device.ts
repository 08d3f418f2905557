import { elementsOf, objectsOf } from '../backend/given-list.js'
import type { DeviceConfig, PeerConfig } from '../model/config.js'
import type { Device } from '../model/device.js'
import { checkEndpoint, type Endpoint, formatEndpoint, parseEndpoint } from '../model/endpoint.js'
import { atPath, invalid, type WireGuardError } from '../model/errors.js'
import { DEVICE_FIELDS, type DeviceField, fieldNames, type FieldRow } from '../model/fields.js'
import { MOST_ALLOWED_IPS, MOST_PEERS } from '../model/limits.js'
import { checkReadDevice } from '../model/read-device.js'
import { addPeer, checkInteger, checkSecret, type ConfPeerInit } from './add-peer.js'
import type { Conf } from './conf.js'
import { parseConf } from './parse.js'
import { formatSecretKeyValue } from './values/key-values.js'
import { formatNumber } from './values/numbers.js'

// `wg showconf` writes the private key last.
const SHOWCONF_ORDER = fieldNames(DEVICE_FIELDS).toSorted(
  (a, b) => Number(isSecret(a)) - Number(isSecret(b)),
)

/**
 * Returns the file of a device, equal to what `wg showconf` prints to the byte. It includes the
 * private key.
 *
 * @example
 * ```ts
 * await writeFile('wg0.conf', formatConf(confFromDevice(device)), { mode: 0o600 })
 * ```
 *
 * @throws WireGuardError `EINVAL` for what is no device
 */
export function confFromDevice(device: Device): Conf {
  return parseConf(formatShowconf(checkReadDevice(device, 'make configuration file')))
}

/**
 * Returns the file of a configuration. `configFromConf` returns an equal configuration from it if
 * the configuration replaces the peers; fields that this resets anyway are not written. Any other
 * configuration is what `wg addconf` does with the file: the allowed IPs of a peer without
 * `replaceAllowedIPs` are written with `+` and `-`.
 *
 * @example
 * ```ts
 * const conf = confFromConfig({ replacePeers: true, listenPort: 51820, peers: [{ publicKey }] })
 * console.log(formatConf(conf))
 * ```
 *
 * @throws WireGuardError `EINVAL` with the `path` of a value that is invalid, or that no file can
 * express: a peer to remove, a peer only to update, or a peer whose allowed IPs stay unchanged
 */
export function confFromConfig(config: DeviceConfig): Conf {
  if (typeof config !== 'object' || config === null) throw invalid('expected an object')
  const { replacePeers = false } = config
  const conf = parseConf('[Interface]\n')
  for (const name of SHOWCONF_ORDER) {
    const value = config[name]
    const field: FieldRow = DEVICE_FIELDS[name]
    const isReset = replacePeers && value === field.unset
    if (value !== undefined && !isReset) conf.set(field.confKey, fieldText(field, value, name))
  }
  for (const [path, peer] of objectsOf(config.peers, MOST_PEERS, 'peers')) {
    addPeer(conf, peerInit(peer, replacePeers, path), `${path}.`)
  }
  return conf
}

function formatShowconf(device: Device): string {
  let text = '[Interface]\n'
  for (const name of SHOWCONF_ORDER) {
    const value = device[name]
    const field: FieldRow = DEVICE_FIELDS[name]
    if (value === undefined || value === field.unset) continue
    text += `${field.confKey} = ${fieldText(field, value, name)}\n`
  }
  const sections = device.peers.map((peer) => {
    let section = `[Peer]\nPublicKey = ${peer.publicKey}\n`
    if (peer.presharedKey !== undefined) {
      section += `PresharedKey = ${peer.presharedKey.toBase64()}\n`
    }
    if (peer.allowedIPs.length > 0) section += `AllowedIPs = ${peer.allowedIPs.join(', ')}\n`
    if (peer.endpoint !== undefined) section += `Endpoint = ${formatEndpoint(peer.endpoint)}\n`
    if (peer.persistentKeepalive !== 0) {
      section += `PersistentKeepalive = ${peer.persistentKeepalive}\n`
    }
    return section
  })
  return `${text}\n${sections.join('\n')}`
}

/** Returns the text of a field of the device: a number or a key. */
function fieldText({ format, max }: FieldRow, value: unknown, path: string): string {
  return max === undefined
    ? formatSecretKeyValue(checkSecret(path, value))
    : formatNumber(format, checkInteger(path, value, max))
}

function peerInit(peer: PeerConfig, replacePeers: boolean, path: string): ConfPeerInit {
  if (peer.remove === true) throw inexpressible(`${path}.remove`)
  if (peer.updateOnly === true) throw inexpressible(`${path}.updateOnly`)
  const { publicKey, presharedKey, endpoint, persistentKeepalive } = peer
  return {
    publicKey,
    presharedKey: replacePeers ? (presharedKey ?? undefined) : presharedKey,
    endpoint: endpoint === undefined ? undefined : literal(endpoint, `${path}.endpoint`),
    persistentKeepalive:
      replacePeers && persistentKeepalive === 0 ? undefined : persistentKeepalive,
    allowedIPs: signedAllowedIPs(peer, replacePeers, path),
  }
}

function signedAllowedIPs(
  peer: PeerConfig,
  replacePeers: boolean,
  path: string,
): readonly string[] {
  const { replaceAllowedIPs } = peer
  const allowedIPs = unsigned(peer.allowedIPs, `${path}.allowedIPs`)
  const removeAllowedIPs = unsigned(peer.removeAllowedIPs, `${path}.removeAllowedIPs`)
  if (replacePeers || replaceAllowedIPs === true) return allowedIPs
  if (allowedIPs.length + removeAllowedIPs.length === 0) {
    throw inexpressible(`${path}.replaceAllowedIPs`)
  }
  return [
    ...allowedIPs.map((allowedIP) => `+${allowedIP}`),
    ...removeAllowedIPs.map((allowedIP) => `-${allowedIP}`),
  ]
}

function unsigned(allowedIPs: readonly string[] | undefined, path: string): readonly string[] {
  return Array.from(elementsOf(allowedIPs, MOST_ALLOWED_IPS, path), ([at, text]) => {
    if (!/^[+-]/.test(text)) return text
    throw invalid('expected an allowed IP without a sign', { path: at })
  })
}

/** Checks an endpoint of a device, which cannot be a host name. */
function literal(endpoint: Endpoint | string, path: string): Endpoint {
  return atPath(path, () =>
    typeof endpoint === 'string' ? parseEndpoint(endpoint) : checkEndpoint(endpoint),
  )
}

function inexpressible(path: string): WireGuardError {
  return invalid('a configuration file cannot express this', { path })
}

function isSecret(name: DeviceField): boolean {
  return DEVICE_FIELDS[name].format === 'secret'
}
