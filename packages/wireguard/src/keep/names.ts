import { peerSettings } from 'wireguardcfg/conf'
import { FILE, givenConf } from '../given-conf.js'
import type { PeerName } from '../resolve/names.js'

/** Returns the endpoints of a file that are names. @throws ConfError */
export function namesOf(given: unknown): PeerName[] {
  const conf = givenConf(given, { path: 'endpoints' }, `a list, ${FILE}`)
  const names = new Map<string, PeerName>()
  for (const { publicKey, endpoint } of peerSettings(conf)) {
    if (endpoint === undefined) continue
    // Of several sections of a peer, the last endpoint counts.
    names.delete(publicKey)
    const { host, port, isName } = endpoint
    if (isName) names.set(publicKey, { publicKey, host, port })
  }
  return [...names.values()]
}
