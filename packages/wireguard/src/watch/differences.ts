import type { Device, Peer, PublicKey } from 'wireguardcfg'
import type { DeviceEvent, PeerEvent, WatchedDeviceField, WatchedPeerField } from './events.js'
import { isSameEndpoint } from '../same-endpoint.js'
import { isSameSecret, isSameSet } from './settle.js'

/** What became of the peers of a device between two reads. Unchanged peers are in no list. */
export interface PeerDifferences {
  readonly added: readonly Peer[]
  readonly removed: readonly Peer[]
  /** Those that are no longer the same object. */
  readonly changed: readonly { readonly before: Peer; readonly after: Peer }[]
}

/** Compares the peers of two states of a device, of which unchanged peers are the same objects. */
export function comparePeers(before: Device, after: Device): PeerDifferences {
  const added: Peer[] = []
  const removed: Peer[] = []
  const changed: { before: Peer; after: Peer }[] = []
  if (before.peers === after.peers) return { added, removed, changed }
  const known = new Map(before.peers.map((peer) => [peer.publicKey, peer]))
  for (const peer of after.peers) {
    const old = known.get(peer.publicKey)
    known.delete(peer.publicKey)
    if (old === undefined) added.push(peer)
    else if (wasMadeAgain(old, peer)) {
      removed.push(old)
      added.push(peer)
    } else if (old !== peer) changed.push({ before: old, after: peer })
  }
  removed.push(...known.values())
  return { added, removed, changed }
}

/** A handshake of a peer never goes away, so this is another peer with the same key. */
function wasMadeAgain(before: Peer, after: Peer): boolean {
  return before.lastHandshake !== undefined && after.lastHandshake === undefined
}

const DEVICE_FIELDS: readonly WatchedDeviceField[] = ['publicKey', 'listenPort', 'firewallMark']

/** Returns the event of the fields of a device; undefined when none changed. */
export function deviceChange(before: Device, after: Device): DeviceEvent | undefined {
  const fields = DEVICE_FIELDS.filter((field) => before[field] !== after[field])
  if (fields.length === 0) return undefined
  return {
    type: 'device-changed',
    device: after.name,
    fields,
    before: pick(before, fields),
    after: pick(after, fields),
  }
}

/** Returns the event of the settings of a peer; undefined when none changed. */
export function peerChange(device: string, before: Peer, after: Peer): PeerEvent | undefined {
  const fields: WatchedPeerField[] = []
  if (!isSameSecret(before.presharedKey, after.presharedKey)) fields.push('presharedKey')
  if (before.persistentKeepalive !== after.persistentKeepalive) fields.push('persistentKeepalive')
  if (!isSameSet(before.allowedIPs, after.allowedIPs)) fields.push('allowedIPs')
  if (fields.length === 0) return undefined
  // The preshared key is named, and not shown.
  const shown = fields.filter((field) => field !== 'presharedKey')
  return {
    type: 'peer-changed',
    device,
    publicKey: after.publicKey,
    fields,
    before: pick(before, shown),
    after: pick(after, shown),
  }
}

/** Returns the event of the endpoint of a peer; undefined when it did not change. */
export function endpointChange(
  device: string,
  before: Peer,
  after: Peer,
  wasWritten: (publicKey: PublicKey, after: Peer['endpoint']) => boolean,
): PeerEvent | undefined {
  if (isSameEndpoint(before.endpoint, after.endpoint)) return undefined
  const { publicKey, endpoint } = after
  return {
    type: 'endpoint-changed',
    device,
    publicKey,
    before: before.endpoint,
    after: endpoint,
    by: wasWritten(publicKey, endpoint) ? 'configured' : 'roamed',
  }
}

/** Returns the event of the counters of a peer; undefined when they did not change. */
export function traffic(device: string, before: Peer, after: Peer): PeerEvent | undefined {
  const reset =
    after.receiveBytes < before.receiveBytes || after.transmitBytes < before.transmitBytes
  const receiveBytes = after.receiveBytes - (reset ? 0 : before.receiveBytes)
  const transmitBytes = after.transmitBytes - (reset ? 0 : before.transmitBytes)
  if (receiveBytes === 0 && transmitBytes === 0 && !reset) return undefined
  const { publicKey } = after
  return { type: 'traffic', device, publicKey, receiveBytes, transmitBytes, reset }
}

function pick<Value, Name extends keyof Value>(
  value: Value,
  names: readonly Name[],
): Partial<Pick<Value, Name>> {
  const picked: Partial<Pick<Value, Name>> = {}
  for (const name of names) picked[name] = value[name]
  return picked
}
