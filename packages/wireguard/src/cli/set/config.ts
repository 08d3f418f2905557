import type { AllowedIP, Endpoint, PublicKey } from 'wireguardcfg'
import {
  type CheckedDeviceConfig,
  type CheckedPeerConfig,
  givenFields,
  PEER_FIELDS,
} from 'wireguardcfg/backend'
import type { SetPeer, SetRequest } from './arguments.js'

/**
 * Returns the configurations to apply in order. A public key that occurs twice needs two.
 *
 * @param addresses the addresses of the endpoints that are names, in order
 */
export function toConfigs(
  { peers, ...device }: SetRequest,
  addresses: readonly Endpoint[],
): CheckedDeviceConfig[] {
  const lookedUp = addresses[Symbol.iterator]()
  const batches: CheckedPeerConfig[][] = [[]]
  let seen = new Set<PublicKey>()
  for (const peer of peers) {
    if (seen.has(peer.publicKey)) {
      batches.push([])
      seen = new Set()
    }
    seen.add(peer.publicKey)
    batches.at(-1)!.push(peerConfig(peer, addressOf(peer, lookedUp)))
  }
  return batches.map((batch, i) => ({
    ...(i === 0 ? device : {}),
    ...(batch.length === 0 ? {} : { peers: batch }),
  }))
}

function addressOf({ endpoint }: SetPeer, lookedUp: Iterator<Endpoint>): Endpoint | undefined {
  if (endpoint === undefined) return undefined
  const { host, port, isName } = endpoint
  return isName ? lookedUp.next().value : { host, port }
}

function peerConfig(peer: SetPeer, endpoint: Endpoint | undefined): CheckedPeerConfig {
  const { publicKey, remove } = peer
  return {
    publicKey,
    ...(remove === undefined ? {} : { remove }),
    ...givenFields(PEER_FIELDS, { ...peer, endpoint }),
    ...allowedIPs(peer),
  }
}

/**
 * Returns the changes of the allowed IPs: none without a list. If an allowed IP has several
 * entries, the last one counts.
 */
function allowedIPs({
  allowedIPs: entries,
  incremental = false,
}: SetPeer): Partial<CheckedPeerConfig> {
  if (entries === undefined) return {}
  const additions = new Map<AllowedIP, boolean>()
  for (const { sign, allowedIP } of entries) additions.set(allowedIP, sign !== '-')
  const select = (isAdded: boolean) =>
    [...additions].filter(([, added]) => added === isAdded).map(([allowedIP]) => allowedIP)
  return {
    allowedIPs: select(true),
    ...(incremental ? { removeAllowedIPs: select(false) } : { replaceAllowedIPs: true }),
  }
}
