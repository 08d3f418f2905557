import { invalid } from './errors.js'
import { MOST_PEERS } from './limits.js'
import { parsePublicKey, type PublicKey } from './key.js'

/**
 * Returns the peer of a device, or of a configuration, that has this public key; `undefined` when
 * there is none. It looks at the peers one by one: for many keys, make a `Map`.
 *
 * @throws WireGuardError `EINVAL` unless the key is 44 characters of canonical base64, and the
 * device has a list of peers
 * @example
 * ```js
 * const peer = findPeer(await wg.device('wg0'), publicKey)
 * console.log(peer?.endpoint, peer?.lastHandshake)
 * ```
 */
export function findPeer<P extends { readonly publicKey: PublicKey }>(
  device: { readonly peers: readonly P[] },
  publicKey: PublicKey,
): P | undefined {
  const key = parsePublicKey(publicKey)
  // The caller may have no type checker.
  const peers: readonly (P | undefined)[] | undefined = device?.peers
  if (Array.isArray(peers) && peers.length <= MOST_PEERS) {
    return peers.find((peer) => peer?.publicKey === key)
  }
  throw invalid(`expected an object with a list of at most ${MOST_PEERS} peers`, {
    operation: 'find peer',
    path: 'peers',
  })
}
