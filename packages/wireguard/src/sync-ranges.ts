import type { AllowedIP, Peer, PublicKey } from 'wireguardcfg'
import type { CheckedPeerConfig } from 'wireguardcfg/backend'

/** Which allowed IPs each peer gets and loses. */
export interface WantedRanges {
  of(publicKey: PublicKey): {
    readonly add: readonly AllowedIP[]
    readonly remove: readonly AllowedIP[]
  }
}

/**
 * Compares allowed IPs. A range belongs to one peer: if several want it, to the last of them, as if they were written in order. A range that
 * goes to another peer is added there and not removed here, so that it moves in one step. With `removeAllowedIPs` (a `+` or `-` in
 * a file) a peer's list is changed, without it the list is whole.
 */
export function rangesOf(
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
