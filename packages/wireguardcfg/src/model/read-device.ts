import { objectsOf } from '../backend/given-list.js'
import type { Device, Peer } from './device.js'
import { invalid } from './errors.js'
import { SecretKey } from './key.js'
import { MOST_ALLOWED_IPS, MOST_PEERS } from './limits.js'
import { quote } from './quote.js'

/**
 * Checks that a value of a caller, who may have no type checker, has the form of a device as it was
 * read. What is only copied, such as names and numbers, is not checked.
 *
 * @throws WireGuardError `EINVAL` with the `path` of what a device cannot have
 */
export function checkReadDevice(device: Device, operation: string): Device {
  if (typeof device !== 'object' || device === null) {
    throw invalid(`expected a device, got ${quote(device)}`, { operation })
  }
  checkSecretKey(device.privateKey, 'privateKey', operation)
  if (device.peers === undefined) throw invalid('expected a list', { operation, path: 'peers' })
  for (const [path, peer] of objectsOf(device.peers, MOST_PEERS, 'peers')) {
    checkReadPeer(peer, `${path}.`, operation)
  }
  return device
}

/** Checks a peer as {@link checkReadDevice} checks a device. */
export function checkReadPeer(peer: Peer, at: string, operation: string): Peer {
  const { presharedKey, endpoint, allowedIPs } = checkHandshake(peer, operation, at)
  checkSecretKey(presharedKey, `${at}presharedKey`, operation)
  if (endpoint !== undefined && typeof endpoint?.host !== 'string') {
    throw invalid('expected an endpoint, { host, port }', { operation, path: `${at}endpoint` })
  }
  if (!Array.isArray(allowedIPs) || allowedIPs.length > MOST_ALLOWED_IPS) {
    const message = `expected a list of at most ${MOST_ALLOWED_IPS} allowed IPs`
    throw invalid(message, { operation, path: `${at}allowedIPs` })
  }
  return peer
}

/** Checks what has the time of a handshake, a peer or a part of it. */
export function checkHandshake<P extends Pick<Peer, 'lastHandshake'>>(
  peer: P,
  operation: string,
  at = '',
): P {
  if (typeof peer !== 'object' || peer === null) {
    throw invalid(`expected a peer, got ${quote(peer)}`, { operation })
  }
  const { lastHandshake } = peer
  if (lastHandshake === undefined || isTime(lastHandshake)) return peer
  throw invalid('expected a Date', { operation, path: `${at}lastHandshake` })
}

function checkSecretKey(key: SecretKey | undefined, path: string, operation: string): void {
  if (key === undefined || key instanceof SecretKey) return
  throw invalid('expected a SecretKey', { operation, path })
}

/** Not by `instanceof`: a Date may come from another realm. */
function isTime(value: Date): boolean {
  return Object.prototype.toString.call(value) === '[object Date]' && !Number.isNaN(Number(value))
}
