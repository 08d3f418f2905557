import { randomInt } from 'node:crypto'
import type { Endpoint, Peer } from 'wireguardcfg'

/** Below 2^53 after an addition, so that numbers are exact. */
const LIMIT = 2 ** 52

const scratch = Buffer.alloc(256)

/** Makes numbers that are others for other values, and in other programs. */
export class Fingerprints {
  readonly #seed = randomInt(2 ** 32)

  /** Of the settings of a peer. */
  settings(peer: Peer): number {
    const { allowedIPs, persistentKeepalive, presharedKey } = peer
    let sum = persistentKeepalive
    // Their order means nothing.
    for (const allowedIP of allowedIPs) sum = (sum + this.#ofText(allowedIP)) % LIMIT
    if (presharedKey === undefined) return sum
    const bytes = presharedKey.bytes()
    sum = (sum + this.#ofBytes(bytes, bytes.length)) % LIMIT
    bytes.fill(0)
    return sum
  }

  /** Of an endpoint. */
  endpoint(endpoint: Endpoint | undefined): number {
    return endpoint === undefined ? 0 : (this.#ofText(endpoint.host) + endpoint.port + 1) % LIMIT
  }

  #ofText(text: string): number {
    return this.#ofBytes(scratch, scratch.write(text, 'latin1'))
  }

  #ofBytes(bytes: Uint8Array, length: number): number {
    let [low, high] = [this.#seed, this.#seed ^ length]
    for (let i = 0; i < length; i++) {
      low = Math.imul(low ^ bytes[i]!, 0x01000193)
      high = Math.imul(high ^ bytes[i]! ^ (low >>> 13), 0x5bd1e995)
    }
    return (low >>> 0) + (high >>> 12) * 2 ** 32
  }
}
