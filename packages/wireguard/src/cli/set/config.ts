import type { AllowedIP, Endpoint } from 'wireguardcfg'
import type { CheckedDeviceConfig, CheckedPeerConfig } from 'wireguardcfg/backend'
import { givenFields, PEER_FIELDS } from 'wireguardcfg/internal'
import { type AllowedIPChange, nextChange, splitAtRepeats } from 'wireguardcfg/internal/conf'
import type { SetPeer, SetRequest } from './arguments.js'

/**
 * Returns the configurations to apply in order. A public key that occurs twice needs two, and so
 * does an allowed IP that is added and removed again.
 *
 * @param addresses the addresses of the endpoints that are names, in order
 */
export function toConfigs(
  { device, peers }: SetRequest,
  addresses: readonly Endpoint[],
): CheckedDeviceConfig[] {
  const lookedUp = addresses[Symbol.iterator]()
  return splitAtRepeats(peers).flatMap((part, i) => {
    const given = part.map((peer) => ({ peer, changes: changesOf(peer) }))
    const passing = given.flatMap(({ peer, changes }) => {
      const removeAllowedIPs = peer.remove === true ? [] : select(changes, 'pass')
      return removeAllowedIPs.length === 0 ? [] : { publicKey: peer.publicKey, removeAllowedIPs }
    })
    const config: CheckedDeviceConfig = {
      ...(i === 0 ? device : {}),
      ...(part.length === 0
        ? {}
        : { peers: given.map(({ peer, changes }) => peerConfig(peer, changes, lookedUp)) }),
    }
    return passing.length === 0 ? config : [config, { peers: passing }]
  })
}

function addressOf({ endpoint }: SetPeer, lookedUp: Iterator<Endpoint>): Endpoint | undefined {
  if (endpoint === undefined) return undefined
  const { host, port, isName } = endpoint
  return isName ? lookedUp.next().value : { host, port }
}

function peerConfig(
  peer: SetPeer,
  changes: Changes,
  lookedUp: Iterator<Endpoint>,
): CheckedPeerConfig {
  const endpoint = addressOf(peer, lookedUp)
  const { publicKey, remove } = peer
  return {
    publicKey,
    ...(remove === undefined ? {} : { remove }),
    ...givenFields(PEER_FIELDS, { ...peer, endpoint }),
    ...allowedIPs(peer, changes),
  }
}

/** What happens to each allowed IP. */
type Changes = ReadonlyMap<AllowedIP, AllowedIPChange>

function changesOf({ allowedIPs: entries = [] }: SetPeer): Changes {
  const changes = new Map<AllowedIP, AllowedIPChange>()
  for (const { sign, allowedIP } of entries) {
    changes.set(allowedIP, nextChange(changes.get(allowedIP), sign))
  }
  return changes
}

function select(changes: Changes, ...wanted: readonly AllowedIPChange[]): AllowedIP[] {
  return [...changes].filter(([, change]) => wanted.includes(change)).map(([ip]) => ip)
}

/**
 * Returns the changes of the allowed IPs: none without a list. Those that pass are added here, and
 * the next configuration removes them.
 */
function allowedIPs(
  { allowedIPs: entries, incremental = false }: SetPeer,
  changes: Changes,
): Partial<CheckedPeerConfig> {
  if (entries === undefined) return {}
  return {
    allowedIPs: select(changes, 'add', 'pass'),
    ...(incremental
      ? { removeAllowedIPs: select(changes, 'remove') }
      : { replaceAllowedIPs: true }),
  }
}
