import { elementsOf, objectsOf } from '../backend/given-list.js'
import { type AllowedIP, canonicalAllowedIP } from '../model/allowed-ip.js'
import type { Device, Peer } from '../model/device.js'
import { checkEndpoint } from '../model/endpoint.js'
import { atPath, invalid } from '../model/errors.js'
import { DEVICE_FIELDS, PEER_FIELDS } from '../model/fields.js'
import { canonicalInterfaceAddress, isLinkLocal } from '../model/interface-address.js'
import { parsePublicKey, type PublicKey } from '../model/key.js'
import { MOST_ALLOWED_IPS, MOST_PEERS } from '../model/limits.js'
import type { OptionTable } from '../model/options.js'
import { checkReadDevice } from '../model/read-device.js'
import { checkInteger } from './add-peer.js'

/** Options of `saveConf`. */
export interface SaveConfOptions {
  /**
   * The addresses of the interface, as `wg.addresses` returns them. `Address` then lists those that
   * are not link-local (fe80::/10). Absent: `Address` stays.
   */
  readonly addresses?: readonly string[] | undefined
  /** The MTU of the interface in bytes, for a file that has the key `MTU`. Absent: it stays. */
  readonly mtu?: number | undefined
  /**
   * The addresses that host names of endpoints have now. A name stays if one of them is that of the
   * device, or if it is not in this map; otherwise the address of the device takes its place.
   */
  readonly resolved?: ReadonlyMap<string, readonly string[]> | undefined
  /**
   * `device`, the default: an endpoint that differs is replaced by that of the device, where the
   * peer was last seen. `file`: the endpoints of the file stay.
   */
  readonly endpoints?: 'device' | 'file' | undefined
}

export const SAVE = 'save configuration file'

export const SAVE_OPTIONS: OptionTable<SaveConfOptions> = {
  addresses: 'list',
  mtu: 'checked later',
  resolved: 'checked later',
  endpoints: ['device', 'file'],
}

/** What a file has to describe, checked. */
export interface SavedState extends Pick<SaveConfOptions, 'mtu' | 'resolved' | 'endpoints'> {
  readonly device: Device
  readonly peers: ReadonlyMap<PublicKey, Peer>
  readonly addresses: ReadonlySet<string> | undefined
}

/** @throws WireGuardError `EINVAL` with the `path` of a value that is not valid */
export function checkedState(device: Device, options: SaveConfOptions): SavedState {
  checkReadDevice(device, SAVE)
  const { addresses, mtu, resolved } = options
  if (mtu !== undefined) checkInteger('mtu', mtu, 0x7fff_ffff)
  if (resolved !== undefined && typeof resolved?.get !== 'function') {
    throw invalid('expected a Map', { path: 'resolved' })
  }
  const { listenPort, firewallMark } = DEVICE_FIELDS
  checkInteger('listenPort', device.listenPort, listenPort.max)
  checkInteger('firewallMark', device.firewallMark, firewallMark.max)
  const peers = new Map<PublicKey, Peer>()
  const owners = new Map<AllowedIP, string>()
  for (const [path, peer] of objectsOf(device.peers, MOST_PEERS, 'peers')) {
    const publicKey = atPath(`${path}.publicKey`, () => parsePublicKey(peer.publicKey))
    const { max } = PEER_FIELDS.persistentKeepalive
    checkInteger(`${path}.persistentKeepalive`, peer.persistentKeepalive, max)
    const { endpoint } = peer
    if (endpoint !== undefined) atPath(`${path}.endpoint`, () => checkEndpoint(endpoint))
    const allowedIPs = elementsOf(peer.allowedIPs, MOST_ALLOWED_IPS, `${path}.allowedIPs`)
    for (const [at, text] of allowedIPs) {
      const allowedIP = atPath(at, () => canonicalAllowedIP(text))
      const owner = owners.get(allowedIP)
      if (owner !== undefined) throw invalid(`also in ${owner}`, { path: at })
      owners.set(allowedIP, at)
    }
    if (peers.has(publicKey)) throw invalid('the same public key twice', { path })
    peers.set(publicKey, peer)
  }
  return { ...options, device, peers, addresses: addresses && ownAddresses(addresses) }
}

/** Returns addresses in canonical text, without those that the kernel makes by itself. */
function ownAddresses(addresses: readonly string[]): ReadonlySet<string> {
  const own = new Set<string>()
  for (const [path, text] of elementsOf(addresses, MOST_ALLOWED_IPS, 'addresses')) {
    const address = atPath(path, () => canonicalInterfaceAddress(text))
    if (!isLinkLocal(address)) own.add(address)
  }
  return own
}
