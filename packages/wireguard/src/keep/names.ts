import { type Conf, parseConf, peerSettings } from 'wireguardcfg/conf'
import { invalid } from 'wireguardcfg/internal'
import type { PeerName } from '../resolve/names.js'

/** Returns the endpoints of a file that are names. @throws ConfError */
export function namesOf(given: unknown): PeerName[] {
  const conf = typeof given === 'string' ? parseConf(given) : given
  if (!isConf(conf)) {
    throw invalid('expected a list, the text of a file, or what parseConf returned', {
      path: 'endpoints',
    })
  }
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

/** Not by `instanceof`: the caller may have another copy of the package. */
function isConf(value: unknown): value is Conf {
  return typeof value === 'object' && value !== null && 'sections' in value
}
