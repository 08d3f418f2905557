import { type AllowedIP, canonicalAllowedIP } from '../model/allowed-ip.js'
import type { Device, Peer } from '../model/device.js'
import { checkEndpoint, type Endpoint, formatEndpoint, isHostName } from '../model/endpoint.js'
import { canonicalInterfaceAddress, isLinkLocal } from '../model/interface-address.js'
import type { PublicKey, SecretKey } from '../model/key.js'
import { checkOptions } from '../model/options.js'
import { addPeer, type ConfPeerInit } from './add-peer.js'
import type { Conf } from './conf.js'
import { configFromConf } from './config-from-conf.js'
import { editList, type ListFormat } from './edit-list.js'
import { formatConf, parseConf } from './parse.js'
import { publicKeyOf } from './peer-index.js'
import {
  checkedState,
  SAVE,
  SAVE_OPTIONS,
  type SaveConfOptions,
  type SavedState,
} from './saved-state.js'
import type { AnyKey, ConfSection } from './section.js'
import { interfaceSettings } from './settings.js'
import { squeeze, trim, words } from './text.js'

/**
 * Changes a file so that it describes a running device, and returns whether it had to. Only lines
 * whose value differs are changed: comments, order and spelling stay. Peers that the device lacks
 * are removed with their comments, and new ones are added at the end. A disabled peer that the
 * device has is enabled.
 *
 * - A private key that the device does not report stays. It is not written to a file whose commands
 *   set it (`wg set %i private-key ...`).
 * - A `ListenPort` that is absent or 0 stays, because it means any port.
 * - The mark that wg-quick(8) sets by itself for a default route is not written.
 * - Endpoints cannot be cleared, so that of the file stays while the device has none.
 *
 * @example
 * ```ts
 * const conf = parseConf(text)
 * if (saveConf(conf, await client.device('wg0'))) await writeFile(path, formatConf(conf))
 * ```
 *
 * @throws ConfError `EINVAL` for the first error in the file; WireGuardError `EINVAL` with the
 * `path` of a value that is not valid. Nothing is changed then
 */
export function saveConf(conf: Conf, device: Device, options: SaveConfOptions = {}): boolean {
  checkOptions(options, SAVE_OPTIONS, { operation: SAVE })
  const state = checkedState(device, options)
  const before = formatConf(conf)
  // On a copy first, so that an error leaves the file as it was.
  const copy = parseConf(before)
  save(copy, state)
  if (formatConf(copy) === before) return false
  save(conf, state)
  return true
}

function save(conf: Conf, state: SavedState): void {
  saveInterface(conf, state)
  const sections = sectionsOf(conf)
  for (const publicKey of state.peers.keys()) {
    if (!sections.has(publicKey)) conf.enablePeer(publicKey)
  }
  for (const publicKey of sections.keys()) {
    if (!state.peers.has(publicKey)) conf.removePeer(publicKey)
  }
  savePeers(conf, state)
}

function saveInterface(conf: Conf, { device, addresses, mtu }: SavedState): void {
  const settings = interfaceSettings(conf, LENIENT)
  const { privateKey, listenPort, firewallMark } = device
  if (privateKey !== undefined && !setsPrivateKey(conf)) {
    if (!isSameKey(settings.privateKey?.clamped(), privateKey.clamped())) {
      conf.set('PrivateKey', privateKey.toBase64())
    }
  }
  if ((settings.listenPort ?? 0) !== 0 && settings.listenPort !== listenPort) {
    conf.set('ListenPort', String(listenPort))
  }
  const isAutomatic = settings.firewallMark === undefined && hasAutomaticMark(conf, device)
  if ((settings.firewallMark ?? 0) !== firewallMark && !isAutomatic) {
    conf.set('FwMark', firewallMark === 0 ? 'off' : `0x${firewallMark.toString(16)}`)
  }
  if (mtu !== undefined && settings.mtu !== undefined && settings.mtu !== mtu) {
    conf.set('MTU', String(mtu))
  }
  if (addresses !== undefined) {
    const missing = editList(conf.interfaces, 'Address', ADDRESSES, addresses)
    if (missing.length > 0) conf.add('Address', missing.join(', '))
  }
}

const ADDRESSES: ListFormat = {
  elements: words,
  canonical: canonicalInterfaceAddress,
  stays: isLinkLocal,
}
const ALLOWED_IPS: ListFormat = {
  elements: (list) => list.split(',').map((element) => trim(element)),
  canonical: (element) => canonicalAllowedIP(squeeze(element)),
}

// What another implementation reads is not for this one to judge.
const LENIENT = { unknownKeys: 'ignore' } as const

/** Whether a command of the file sets the private key, which then does not belong into the file. */
function setsPrivateKey(conf: Conf): boolean {
  const commands = [...conf.getAll('PreUp'), ...conf.getAll('PostUp')]
  return conf.get('PrivateKey') === undefined && commands.some((text) => /private-key/.test(text))
}

/** Whether wg-quick(8) has set the mark: it does so for a default route in a table of its own. */
function hasAutomaticMark(conf: Conf, { peers }: Device): boolean {
  const table = conf.get('Table')
  const isAutomatic = table === undefined || table.toLowerCase() === 'auto'
  return isAutomatic && peers.some(({ allowedIPs }) => allowedIPs.some((one) => one.endsWith('/0')))
}

/** The sections of each public key, in order. */
function sectionsOf(conf: Conf): ReadonlyMap<PublicKey, readonly ConfSection[]> {
  const sections = new Map<PublicKey, ConfSection[]>()
  for (const section of conf.peers) {
    const key = publicKeyOf(section) ?? ''
    const others = sections.get(key)
    if (others === undefined) sections.set(key, [section])
    else others.push(section)
  }
  return sections
}

function savePeers(conf: Conf, state: SavedState): void {
  const { peers, device } = state
  const known = sectionsOf(conf)
  for (const peer of peers.values()) if (!known.has(peer.publicKey)) addPeer(conf, initOf(peer))
  const sections = sectionsOf(conf)
  const reportsKeys = device.privateKey !== undefined
  // An allowed IP that one section loses may come back to an earlier one, which lists it as well.
  // Each pass leaves at least one list more that no later pass changes.
  for (let pass = 0; pass <= peers.size + 2 && saveAllowedIPs(conf, sections, peers); pass++) {
    if (pass > 0) simplifyLists(sections, peers)
  }
  for (const inFile of configFromConf(conf, LENIENT).peers) {
    const peer = peers.get(inFile.publicKey)!
    const own = sections.get(inFile.publicKey)!
    if (reportsKeys && !isSameKey(inFile.presharedKey, peer.presharedKey)) {
      if (peer.presharedKey !== undefined) {
        setIn(own, 'PresharedKey', peer.presharedKey.toBase64())
      } else for (const section of own) section.unset('PresharedKey')
    }
    const { persistentKeepalive, endpoint } = peer
    if ((inFile.persistentKeepalive ?? 0) !== persistentKeepalive) {
      const text = persistentKeepalive === 0 ? 'off' : String(persistentKeepalive)
      setIn(own, 'PersistentKeepalive', text)
    }
    if (endpoint !== undefined && !keepsEndpoint(inFile.endpoint, endpoint, state)) {
      setIn(own, 'Endpoint', formatEndpoint(endpoint))
    }
  }
}

/** The values of a new section. What is off or not set is not written, as in `wg showconf`. */
function initOf(peer: Peer): ConfPeerInit {
  const { publicKey, presharedKey, allowedIPs, endpoint, persistentKeepalive } = peer
  return {
    publicKey,
    presharedKey,
    allowedIPs,
    endpoint,
    persistentKeepalive: persistentKeepalive === 0 ? undefined : persistentKeepalive,
  }
}

/** Sets a key in the last section that has it, whose value counts. */
function setIn(sections: readonly ConfSection[], key: AnyKey, value: string): void {
  const section = sections.findLast((one) => one.get(key) !== undefined) ?? sections.at(-1)!
  section.set(key, value)
}

/** Edits the lists that differ, and returns whether there was one. */
function saveAllowedIPs(
  conf: Conf,
  sections: ReadonlyMap<PublicKey, readonly ConfSection[]>,
  peers: ReadonlyMap<PublicKey, Peer>,
): boolean {
  let isSame = true
  for (const { publicKey, allowedIPs = [] } of configFromConf(conf, LENIENT).peers) {
    const wanted = peers.get(publicKey)!.allowedIPs
    if (isSameSet(allowedIPs, wanted)) continue
    isSame = false
    setAllowedIPs(sections.get(publicKey)!.at(-1)!, wanted)
  }
  return !isSame
}

function setAllowedIPs(section: ConfSection, allowedIPs: readonly AllowedIP[]): void {
  // A list of changes becomes the list itself.
  if (hasSigns(section)) section.unset('AllowedIPs')
  const missing = editList([section], 'AllowedIPs', ALLOWED_IPS, new Set(allowedIPs))
  if (missing.length > 0) section.add('AllowedIPs', missing.join(', '))
}

/**
 * Gives each peer one list without signs. An earlier section, or `+` and `-` of the same allowed
 * IP, may take it from another peer although the peer does not keep it.
 */
function simplifyLists(
  sections: ReadonlyMap<PublicKey, readonly ConfSection[]>,
  peers: ReadonlyMap<PublicKey, Peer>,
): void {
  for (const [publicKey, own] of sections) {
    for (const section of own.slice(0, -1)) section.unset('AllowedIPs')
    const last = own.at(-1)!
    if (hasSigns(last)) setAllowedIPs(last, peers.get(publicKey)!.allowedIPs)
  }
}

function hasSigns(section: ConfSection): boolean {
  return section.getAll('AllowedIPs').some((list) => /[+-]/.test(list))
}

function isSameSet(list: readonly string[], other: readonly string[]): boolean {
  const set = new Set(list)
  return set.size === new Set(other).size && other.every((one) => set.has(one))
}

function isSameKey(
  key: SecretKey | string | null | undefined,
  other: SecretKey | undefined,
): boolean {
  return other === undefined ? (key ?? null) === null : other.equals(key)
}

/** Whether the endpoint of the file stays. */
function keepsEndpoint(
  inFile: { readonly host: string; readonly port: number } | string | undefined,
  endpoint: Endpoint,
  { endpoints, resolved }: SavedState,
): boolean {
  if (inFile === undefined || typeof inFile === 'string') return false
  if (endpoints === 'file') return true
  if (isHostName(inFile.host)) {
    const addresses = resolved?.get(inFile.host)
    if (addresses === undefined) return true
    return inFile.port === endpoint.port && addresses.includes(endpoint.host)
  }
  const same = formatEndpoint(checkEndpoint(inFile)) === formatEndpoint(endpoint)
  // wireguard-go before 2023 does not report the zone.
  const host = inFile.host.replace(/%.*$/, '')
  return same || (inFile.port === endpoint.port && inFile.host !== host && host === endpoint.host)
}
