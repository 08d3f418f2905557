import type { AllowedIP } from '../model/allowed-ip.js'
import type { CheckedDeviceConfig, CheckedPeerConfig } from '../model/config.js'
import type { Device, Peer } from '../model/device.js'
import { WireGuardError } from '../model/errors.js'
import { DEVICE_FIELDS, givenFields } from '../model/fields.js'

/**
 * Returns the requests of a configuration for an implementation that can add and remove peers, but
 * not change them: one for the device, and one for each peer. What would change nothing is left
 * out.
 *
 * @param mayLoseSessions whether a peer is removed and added again where it has to be changed
 * @throws WireGuardError before anything is sent: `EOPNOTSUPP` with the peer that would have to be
 * changed, `EINVAL` a peer would be added to a device without a private key
 */
export function requestsOneByOne(
  config: CheckedDeviceConfig,
  device: Device,
  mayLoseSessions: boolean,
): CheckedDeviceConfig[] {
  const { peers = [], replacePeers } = config
  const own = {
    ...givenFields(DEVICE_FIELDS, config),
    ...(replacePeers === true ? { replacePeers } : {}),
  }
  const requests: CheckedDeviceConfig[] = Object.keys(own).length === 0 ? [] : [own]
  const live = new Map(
    replacePeers === true ? [] : device.peers.map((peer) => [peer.publicKey, peer]),
  )
  const hasKey =
    config.privateKey === undefined ? device.publicKey !== undefined : config.privateKey !== null
  const self = config.privateKey?.publicKey() ?? device.publicKey
  for (const peer of peers) {
    // As every other implementation does.
    if (peer.publicKey === self) continue
    const now = live.get(peer.publicKey)
    for (const request of peerRequests(peer, now, mayLoseSessions)) {
      if (!hasKey && request.remove !== true) throw needsKey(peer)
      requests.push({ peers: [request] })
    }
  }
  return requests
}

function peerRequests(
  peer: CheckedPeerConfig,
  now: Peer | undefined,
  mayLoseSessions: boolean,
): CheckedPeerConfig[] {
  const { publicKey, remove, updateOnly } = peer
  if (remove === true) return now === undefined ? [] : [{ publicKey, remove }]
  if (now === undefined) return updateOnly === true ? [] : [addition(peer, undefined)]
  const wanted = addition(peer, now)
  if (isAsWanted(wanted, now)) return []
  if (!mayLoseSessions) throw cannotChange(peer)
  return [{ publicKey, remove: true }, wanted]
}

/** Returns a peer as it has to be in the end, as one that is added. */
function addition(peer: CheckedPeerConfig, now: Peer | undefined): CheckedPeerConfig {
  const { publicKey, presharedKey = now?.presharedKey, endpoint = now?.endpoint } = peer
  const { persistentKeepalive = now?.persistentKeepalive ?? 0 } = peer
  const allowedIPs = new Set<AllowedIP>(peer.replaceAllowedIPs === true ? [] : now?.allowedIPs)
  for (const allowedIP of peer.removeAllowedIPs ?? []) allowedIPs.delete(allowedIP)
  for (const allowedIP of peer.allowedIPs ?? []) allowedIPs.add(allowedIP)
  return {
    publicKey,
    // Zeros would be taken for a key.
    ...(presharedKey === undefined || presharedKey === null ? {} : { presharedKey }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(persistentKeepalive === 0 ? {} : { persistentKeepalive }),
    ...(allowedIPs.size === 0 ? {} : { allowedIPs: [...allowedIPs] }),
  }
}

function isAsWanted(wanted: CheckedPeerConfig, now: Peer): boolean {
  const { presharedKey, endpoint, persistentKeepalive = 0, allowedIPs = [] } = wanted
  const isSameKey =
    presharedKey === undefined || presharedKey === null
      ? now.presharedKey === undefined
      : presharedKey.equals(now.presharedKey)
  const current = new Set(now.allowedIPs)
  return (
    isSameKey &&
    endpoint?.host === now.endpoint?.host &&
    endpoint?.port === now.endpoint?.port &&
    persistentKeepalive === now.persistentKeepalive &&
    allowedIPs.length === current.size &&
    allowedIPs.every((allowedIP) => current.has(allowedIP))
  )
}

function cannotChange({ publicKey }: CheckedPeerConfig): WireGuardError {
  return new WireGuardError('this implementation cannot change a peer that exists', {
    code: 'EOPNOTSUPP',
    peer: publicKey,
    detail: 'it would end, and all its tunnels with it',
    hint: 'Pass allowSessionLoss: true to remove the peer and add it again, which ends its session; or use wireguard-go',
  })
}

function needsKey({ publicKey }: CheckedPeerConfig): WireGuardError {
  return new WireGuardError('this implementation needs a private key before the first peer', {
    code: 'EINVAL',
    peer: publicKey,
    path: 'privateKey',
    detail: 'it would end without one',
    hint: 'Set privateKey before, or in the same call',
  })
}
