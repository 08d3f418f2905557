import type { Device, Endpoint, Peer, PublicKey } from 'wireguardcfg'
import type { CheckedDeviceConfig, CheckedPeerConfig } from 'wireguardcfg/backend'
import { rangesOf, type WantedRanges } from './sync-ranges.js'
import type { SyncResult } from './sync.js'

/** How endpoints that differ are treated: by rule, or by what was written last time for each peer that was written. */
export type Endpoints = 'keep-roamed' | 'write' | ReadonlyMap<PublicKey, Endpoint | undefined>

/** What has to be sent about peers, and what that does. */
export interface PeerChanges {
  readonly changes: readonly CheckedPeerConfig[]
  readonly result: SyncResult
}

/**
 * The differences between the peers of a device and those of a configuration. Peers that go come last: until their ranges have moved to
 * another peer their packets are still delivered.
 */
export function syncPeers(
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
  const ranges = rangesOf(live, wanted)
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

/** Those that shall be there. A device has no peer with its own key, whatever is written; every implementation leaves it out. */
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
  // Should it be removed by someone else in this moment, it is not to come back with half of its settings.
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
