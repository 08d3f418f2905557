import type { AllowedIP, Endpoint } from 'wireguardcfg'
import type { CheckedDeviceConfig, CheckedPeerConfig } from 'wireguardcfg/backend'
import { givenFields, PEER_FIELDS } from 'wireguardcfg/internal'
import { type AllowedIPEntry, splitAtRepeats } from 'wireguardcfg/internal/conf'
import type { SetPeer, SetRequest } from './arguments.js'

/**
 * Returns the configurations to apply in order. A public key that occurs twice needs two, and so
 * does an allowed IP that is added and then removed.
 *
 * @param addresses the addresses of the endpoints that are names, in order
 */
export function toConfigs(
  { peers, ...device }: SetRequest,
  addresses: readonly Endpoint[],
): CheckedDeviceConfig[] {
  const lookedUp = addresses[Symbol.iterator]()
  return splitAtRepeats(peers.flatMap(inSteps)).map((part, i) => ({
    ...(i === 0 ? device : {}),
    ...(part.length === 0
      ? {}
      : { peers: part.map((peer) => peerConfig(peer, addressOf(peer, lookedUp))) }),
  }))
}

/**
 * Divides the changes of a peer where an allowed IP is added and then removed. The addition takes
 * it from the peer that has it, which the removal alone would not.
 */
function inSteps(peer: SetPeer): SetPeer[] {
  const { publicKey, remove, allowedIPs: entries = [] } = peer
  const added = new Set<AllowedIP>()
  const passing = new Map<AllowedIP, AllowedIPEntry>()
  for (const entry of entries) {
    const { sign, allowedIP } = entry
    if (sign === '-' && added.has(allowedIP)) passing.set(allowedIP, entry)
    if (sign === '-') continue
    added.add(allowedIP)
    passing.delete(allowedIP)
  }
  if (passing.size === 0 || remove === true) return [peer]
  const first = entries.filter(({ sign, allowedIP }) => sign !== '-' || !passing.has(allowedIP))
  return [
    { ...peer, allowedIPs: first },
    { publicKey, allowedIPs: [...passing.values()], incremental: true },
  ]
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
