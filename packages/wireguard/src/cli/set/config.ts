import type { AllowedIP, Endpoint } from 'wireguardcfg'
import type { CheckedDeviceConfig, CheckedPeerConfig } from 'wireguardcfg/backend'
import { givenFields, PEER_FIELDS } from 'wireguardcfg/internal'
import { splitAtRepeats } from 'wireguardcfg/internal/conf'
import type { SetPeer, SetRequest } from './arguments.js'

/**
 * The configurations that do what `set` was asked for, in this order: a public key that is there
 * twice makes two.
 *
 * @param addresses of those endpoints that are names
 */
export function toConfigs(
  { peers, ...device }: SetRequest,
  addresses: readonly Endpoint[],
): CheckedDeviceConfig[] {
  const lookedUp = addresses[Symbol.iterator]()
  return splitAtRepeats(peers).map((part, i) => ({
    ...(i === 0 ? device : {}),
    ...(part.length === 0
      ? {}
      : { peers: part.map((peer) => peerConfig(peer, addressOf(peer, lookedUp))) }),
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
 * Without a list the allowed IPs are left alone; of several entries for one range the last counts.
 */
function allowedIPs({
  allowedIPs: entries,
  incremental = false,
}: SetPeer): Partial<CheckedPeerConfig> {
  if (entries === undefined) return {}
  const ranges = new Map<AllowedIP, boolean>()
  for (const { sign, allowedIP } of entries) ranges.set(allowedIP, sign !== '-')
  const those = (isAdded: boolean) =>
    [...ranges].filter(([, added]) => added === isAdded).map(([range]) => range)
  return {
    allowedIPs: those(true),
    ...(incremental ? { removeAllowedIPs: those(false) } : { replaceAllowedIPs: true }),
  }
}
