import { SecretKey } from '../model/key.js'
import { formatKeyHex } from './format.js'

/** What an implementation can do with a request to change a device. */
export interface Dialect {
  /** Whether peers that exist can be changed, and one request may have several peers. */
  readonly changesPeers: boolean
}

/**
 * The implementations, by what they answer to {@link formatDialectProbe}, never by their names.
 *
 * wireguard-go, amneziawg-go, NepTUN and gotatun know `update_only`. gotatun ends the session of a
 * peer that is changed, which no answer tells before.
 */
export const GENERAL: Dialect = { changesPeers: true }

/**
 * boringtun does not know `update_only`. It panics when a peer that exists is changed, and when the
 * first peer comes before a private key. What one peer of a request has (a preshared key, an
 * endpoint, `remove`) goes on to the next one. `replace_allowed_ips` has no effect.
 */
export const BORINGTUN: Dialect = { changesPeers: false }

/**
 * Returns a request without effect that tells the dialects apart: it updates a peer that no device
 * has.
 */
export function formatDialectProbe(): string {
  const unknown = SecretKey.generatePrivate().publicKey()
  return `set=1\npublic_key=${formatKeyHex(unknown)}\nupdate_only=true\n\n`
}
