import type { AllowedIP, Device, Endpoint, Peer, PublicKey } from 'wireguardcfg'
import type { CheckedDeviceConfig, CheckedPeerConfig } from 'wireguardcfg/backend'
import { DEVICE_FIELDS, type DeviceField, fieldNames, givenFields } from 'wireguardcfg/internal'

/** What a synchronisation did, by the public keys of the peers. */
export interface SyncResult {
  /** Those that the device did not have. */
  readonly added: readonly PublicKey[]
  /** Those of which something was changed. */
  readonly updated: readonly PublicKey[]
  /** Those that the configuration does not have. */
  readonly removed: readonly PublicKey[]
  /** Those for which nothing was sent. */
  readonly unchanged: readonly PublicKey[]
}

/**
 * How endpoints that differ are treated: by rule, or by what was written last time for each peer
 * that was written.
 */
export type Endpoints = 'keep-roamed' | 'write' | ReadonlyMap<PublicKey, Endpoint | undefined>

/** What has to be sent about peers, and what that does. */
export interface PeerChanges {
  readonly changes: readonly CheckedPeerConfig[]
  readonly result: SyncResult
}

/**
 * The differences between the peers of a device and those of a configuration. Peers that go come
 * last: until their ranges have moved to another peer their packets are still delivered.
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
  const ranges = diffAllowedIPs(live, wanted)
  for (const peer of wanted.values()) {
    const { publicKey } = peer
    const now = live.get(publicKey)
    const change = difference(peer, now, ranges, endpoints)
    if (change === undefined) result.unchanged.push(publicKey)
    else {
      result[now === undefined ? 'added' : 'updated'].push(publicKey)
      changes.push(change)
    }
  }
  for (const publicKey of live.keys()) {
    if (wanted.has(publicKey)) continue
    result.removed.push(publicKey)
    changes.push({ publicKey, remove: true })
  }
  return { changes, result }
}

type Draft = { -readonly [Field in keyof SyncResult]: PublicKey[] }

/**
 * Those that shall be there. A device has no peer with its own key, whatever is written; every
 * implementation leaves it out.
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

/** What to send for one peer; `undefined`: nothing. */
function difference(
  peer: CheckedPeerConfig,
  now: Peer | undefined,
  ranges: WantedRanges,
  endpoints: Endpoints,
): CheckedPeerConfig | undefined {
  const { publicKey, presharedKey = null, endpoint, persistentKeepalive = 0 } = peer
  const { add, remove } = ranges.of(publicKey)
  const fields = {
    ...(sameKey(presharedKey, now) ? {} : { presharedKey }),
    ...(isEndpointKept(peer, now, endpoints) ? {} : { endpoint }),
    ...(persistentKeepalive === (now?.persistentKeepalive ?? 0) ? {} : { persistentKeepalive }),
    ...(add.length === 0 ? {} : { allowedIPs: add }),
    ...(remove.length === 0 ? {} : { removeAllowedIPs: remove }),
  }
  if (now === undefined) return { publicKey, ...fields }
  // Should it be removed by someone else in this moment, it is not to come back with half of its
  // settings.
  return Object.keys(fields).length === 0 ? undefined : { publicKey, updateOnly: true, ...fields }
}

function sameKey(
  wanted: NonNullable<CheckedPeerConfig['presharedKey']> | null,
  now: Peer | undefined,
): boolean {
  const key = now?.presharedKey
  return wanted === null ? key === undefined : wanted.equals(key)
}

function isEndpointKept(
  { publicKey, endpoint }: CheckedPeerConfig,
  now: Peer | undefined,
  endpoints: Endpoints,
): boolean {
  if (endpoint === undefined || isSame(endpoint, now?.endpoint)) return true
  if (now?.endpoint === undefined || endpoints === 'write') return false
  if (endpoints === 'keep-roamed') return now.lastHandshake !== undefined
  return isSame(endpoint, endpoints.get(publicKey))
}

function isSame(one: Endpoint, other: Endpoint | undefined): boolean {
  return one.port === other?.port && one.host === other.host
}

/** Which allowed IPs each peer gets and loses. */
export interface WantedRanges {
  of(publicKey: PublicKey): {
    readonly add: readonly AllowedIP[]
    readonly remove: readonly AllowedIP[]
  }
}

/**
 * Compares allowed IPs. A range belongs to one peer: if several want it, to the last of them, as if
 * they were written in order. A range that goes to another peer is added there and not removed
 * here, so that it moves in one step. With `removeAllowedIPs` (a `+` or `-` in a file) a peer's
 * list is changed, without it the list is whole.
 */
export function diffAllowedIPs(
  live: ReadonlyMap<PublicKey, Peer>,
  wanted: ReadonlyMap<PublicKey, CheckedPeerConfig>,
): WantedRanges {
  const owners = new Map<AllowedIP, PublicKey>()
  for (const { publicKey, allowedIPs = [] } of wanted.values()) {
    for (const range of allowedIPs) owners.set(range, publicKey)
  }
  return {
    of: (publicKey) => {
      const { allowedIPs = [], removeAllowedIPs } = wanted.get(publicKey) ?? {}
      const now = live.get(publicKey)?.allowedIPs ?? []
      const has = new Set(now)
      const goes = removeAllowedIPs === undefined ? undefined : new Set(removeAllowedIPs)
      const add = new Set<AllowedIP>()
      for (const range of allowedIPs) {
        if (owners.get(range) === publicKey && !has.has(range)) add.add(range)
      }
      const remove = now.filter((range) => !owners.has(range) && goes?.has(range) !== false)
      return { add: [...add], remove }
    },
  }
}

/** The fields of the device itself that the configuration has and the device has otherwise. */
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

/**
 * A backend may tell no private key (boringtun), but the public one; every one of them clamps what
 * it is given.
 */
function isKey(
  device: Device,
  key: NonNullable<CheckedDeviceConfig['privateKey']> | null,
): boolean {
  if (key === null) return device.publicKey === undefined && device.privateKey === undefined
  if (device.privateKey === undefined) return device.publicKey === key.publicKey()
  return device.privateKey.clamped().equals(key.clamped())
}

/** Any port will do for 0, once there is one; setting 0 again would pick another. */
function isPort(device: Device, port: number): boolean {
  return port === 0 || port === device.listenPort
}
