import type { AllowedIP, Device, Endpoint, Peer, PublicKey } from 'wireguardcfg'
import type { CheckedDeviceConfig, CheckedPeerConfig } from 'wireguardcfg/backend'
import { DEVICE_FIELDS, type DeviceField, fieldNames, givenFields } from 'wireguardcfg/internal'
import { isSameEndpoint } from '../same-endpoint.js'

/** The result of `WireGuard.syncDevice`, by the public keys of the peers. */
export interface SyncResult {
  /** Those that the device did not have. */
  readonly added: readonly PublicKey[]
  /** Existing peers that were changed. */
  readonly updated: readonly PublicKey[]
  /** Those that the configuration does not have. */
  readonly removed: readonly PublicKey[]
  /** Those for which nothing was sent. */
  readonly unchanged: readonly PublicKey[]
}

/**
 * The policy for endpoints that differ from those of the device: a rule, or the endpoint of each
 * peer in the configuration that was written last time.
 */
export type Endpoints = 'keep-roamed' | 'write' | ReadonlyMap<PublicKey, Endpoint | undefined>

/** The changes of peers to send, and the result of sending them. */
export interface PeerChanges {
  readonly changes: readonly CheckedPeerConfig[]
  readonly result: SyncResult
}

/**
 * Returns the differences between the peers of a device and those of a configuration. Those that
 * lose allowed IPs come behind those that only get some, and the peers to remove come last: an
 * address always has the peer that has it before or afterwards.
 */
export function diffPeers(
  device: Device,
  config: CheckedDeviceConfig,
  endpoints: Endpoints,
): PeerChanges {
  const result: Draft = { added: [], updated: [], removed: [], unchanged: [] }
  const changes: CheckedPeerConfig[] = []
  const live = new Map(device.peers.map((peer) => [peer.publicKey, peer]))
  if (config.peers === undefined) {
    return { changes, result: { ...result, unchanged: [...live.keys()] } }
  }
  const wanted = wantedPeers(device, config)
  const allowedIPs = diffAllowedIPs(live, wanted)
  const narrowed: CheckedPeerConfig[] = []
  for (const peer of wanted.values()) {
    const { publicKey } = peer
    const now = live.get(publicKey)
    const change = difference(peer, now, allowedIPs, endpoints)
    if (change === undefined) result.unchanged.push(publicKey)
    else {
      result[now === undefined ? 'added' : 'updated'].push(publicKey)
      const isNarrowed = change.removeAllowedIPs !== undefined
      ;(isNarrowed ? narrowed : changes).push(change)
    }
  }
  for (const change of narrowed) changes.push(change)
  for (const publicKey of live.keys()) {
    if (wanted.has(publicKey)) continue
    result.removed.push(publicKey)
    changes.push({ publicKey, remove: true })
  }
  return { changes, result }
}

type Draft = { -readonly [Field in keyof SyncResult]: PublicKey[] }

/**
 * Returns the peers that the device must have afterwards. A peer with the device's own key is left
 * out, because every implementation ignores it.
 */
function wantedPeers(
  device: Device,
  { privateKey, peers = [] }: CheckedDeviceConfig,
): ReadonlyMap<PublicKey, CheckedPeerConfig> {
  const own = privateKey === undefined ? device.publicKey : privateKey?.publicKey()
  const known = new Set(device.peers.map(({ publicKey }) => publicKey))
  const wanted = new Map<PublicKey, CheckedPeerConfig>()
  for (const peer of peers) {
    const { publicKey, remove, updateOnly } = peer
    if (remove === true || publicKey === own) continue
    if (updateOnly === true && !known.has(publicKey)) continue
    wanted.set(publicKey, peer)
  }
  return wanted
}

/** Returns the change of one peer to send, or undefined when nothing differs. */
function difference(
  peer: CheckedPeerConfig,
  now: Peer | undefined,
  allowedIPs: AllowedIPChanges,
  endpoints: Endpoints,
): CheckedPeerConfig | undefined {
  const { publicKey, presharedKey = null, endpoint, persistentKeepalive = 0 } = peer
  const { add, remove } = allowedIPs.of(publicKey)
  const fields = {
    ...(sameKey(presharedKey, now) ? {} : { presharedKey }),
    ...(isEndpointKept(peer, now, endpoints) ? {} : { endpoint }),
    ...(persistentKeepalive === (now?.persistentKeepalive ?? 0) ? {} : { persistentKeepalive }),
    ...(add.length === 0 ? {} : { allowedIPs: add }),
    ...(remove.length === 0 ? {} : { removeAllowedIPs: remove }),
  }
  if (now === undefined) return { publicKey, ...fields }
  // If another program removes the peer now, updateOnly keeps this change from adding it again with
  // a part of its settings.
  return Object.keys(fields).length === 0 ? undefined : { publicKey, updateOnly: true, ...fields }
}

function sameKey(
  wanted: NonNullable<CheckedPeerConfig['presharedKey']> | null,
  now: Peer | undefined,
): boolean {
  const key = now?.presharedKey
  return wanted === null ? key === undefined : wanted.equals(key)
}

/** Returns whether a peer keeps the endpoint that it has by now. */
export function isEndpointKept(
  { publicKey, endpoint }: CheckedPeerConfig,
  now: Peer | undefined,
  endpoints: Endpoints,
): boolean {
  if (endpoint === undefined || isSameEndpoint(endpoint, now?.endpoint)) return true
  if (now?.endpoint === undefined || endpoints === 'write') return false
  if (endpoints === 'keep-roamed') return now.lastHandshake !== undefined
  return isSameEndpoint(endpoint, endpoints.get(publicKey))
}

/** The allowed IPs to add to each peer and to remove from it. */
export interface AllowedIPChanges {
  of(publicKey: PublicKey): {
    readonly add: readonly AllowedIP[]
    readonly remove: readonly AllowedIP[]
  }
}

/**
 * Compares allowed IPs. An allowed IP belongs to one peer. If several peers list it, it belongs to
 * the last of them, as if they were written in order. An allowed IP that moves to another peer is
 * added there and not removed here, so that it moves in one step. With `removeAllowedIPs` (a `+` or
 * `-` in a file), the list changes that of the device; without it, the list replaces it.
 */
export function diffAllowedIPs(
  live: ReadonlyMap<PublicKey, Peer>,
  wanted: ReadonlyMap<PublicKey, CheckedPeerConfig>,
): AllowedIPChanges {
  const owners = new Map<AllowedIP, PublicKey>()
  for (const { publicKey, allowedIPs = [] } of wanted.values()) {
    for (const allowedIP of allowedIPs) owners.set(allowedIP, publicKey)
  }
  return {
    of: (publicKey) => {
      const { allowedIPs = [], removeAllowedIPs } = wanted.get(publicKey) ?? {}
      const now = live.get(publicKey)?.allowedIPs ?? []
      const isOwner = (allowedIP: AllowedIP) => owners.get(allowedIP) === publicKey
      // Nearly every peer of a large device is as it was.
      if (isSameList(allowedIPs, now) && now.every(isOwner)) return NO_CHANGE
      const existing = new Set(now)
      const removable = removeAllowedIPs === undefined ? undefined : new Set(removeAllowedIPs)
      const add = new Set<AllowedIP>()
      for (const allowedIP of allowedIPs) {
        if (isOwner(allowedIP) && !existing.has(allowedIP)) add.add(allowedIP)
      }
      const remove = now.filter(
        (allowedIP) => !owners.has(allowedIP) && removable?.has(allowedIP) !== false,
      )
      return { add: [...add], remove }
    },
  }
}

const NO_CHANGE = { add: [], remove: [] }

function isSameList(one: readonly AllowedIP[], other: readonly AllowedIP[]): boolean {
  return one.length === other.length && one.every((allowedIP, i) => allowedIP === other[i])
}

/** Returns the fields of the device itself, without peers, that differ from the configuration. */
export function diffDeviceFields(device: Device, config: CheckedDeviceConfig): CheckedDeviceConfig {
  const changes = givenFields(DEVICE_FIELDS, config)
  for (const name of fieldNames(DEVICE_FIELDS)) {
    if (changes[name] !== undefined && isSet(name, device, config)) delete changes[name]
  }
  return changes
}

function isSet(name: DeviceField, device: Device, config: CheckedDeviceConfig): boolean {
  const { privateKey = null, listenPort = 0 } = config
  if (name === 'privateKey') return isKey(device, privateKey)
  if (name === 'listenPort') return isPort(device, listenPort)
  return config[name] === device[name]
}

/** boringtun does not report the private key: compare public keys. All backends clamp. */
function isKey(
  device: Device,
  key: NonNullable<CheckedDeviceConfig['privateKey']> | null,
): boolean {
  if (key === null) return device.publicKey === undefined && device.privateKey === undefined
  if (device.privateKey === undefined) return device.publicKey === key.publicKey()
  return device.privateKey.clamped().equals(key.clamped())
}

/** Port 0 matches any port, because setting 0 again would select another port. */
function isPort(device: Device, port: number): boolean {
  return port === 0 || port === device.listenPort
}
