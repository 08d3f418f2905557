import type { PublicKey } from '../model/key.js'

/**
 * Divides a list of peers where a public key repeats, because a configuration may have it only
 * once. Keeps the order. Returns at least one part.
 */
export function splitAtRepeats<T extends { readonly publicKey: PublicKey }>(
  peers: readonly T[],
): readonly (readonly T[])[] {
  let part: T[] = []
  const parts = [part]
  let seen = new Set<PublicKey>()
  for (const peer of peers) {
    if (seen.has(peer.publicKey)) {
      parts.push((part = []))
      seen = new Set()
    }
    seen.add(peer.publicKey)
    part.push(peer)
  }
  return parts
}
