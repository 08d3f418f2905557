import { randomInt } from 'node:crypto'
import type { Endpoint, Peer } from 'wireguardcfg'

/** Below 2^53 after an addition, so that numbers are exact. */
const LIMIT = 2 ** 52

const SEED = randomInt(2 ** 32)
const scratch = Buffer.alloc(256)

/** Returns a number that is another one for other settings, and for other programs. */
export function settingsFingerprint(peer: Peer): number {
  const { allowedIPs, persistentKeepalive, presharedKey } = peer
  let sum = persistentKeepalive
  // Their order means nothing.
  for (const allowedIP of allowedIPs) sum = (sum + ofText(allowedIP)) % LIMIT
  if (presharedKey === undefined) return sum
  const bytes = presharedKey.bytes()
  sum = (sum + ofBytes(bytes, bytes.length)) % LIMIT
  bytes.fill(0)
  return sum
}

/** Returns a number that is another one for another endpoint. */
export function endpointFingerprint(endpoint: Endpoint | undefined): number {
  return endpoint === undefined ? 0 : (ofText(endpoint.host) + endpoint.port + 1) % LIMIT
}

function ofText(text: string): number {
  return ofBytes(scratch, scratch.write(text, 'latin1'))
}

function ofBytes(bytes: Uint8Array, length: number): number {
  let [low, high] = [SEED, SEED ^ length]
  for (let i = 0; i < length; i++) {
    low = Math.imul(low ^ bytes[i]!, 0x01000193)
    high = Math.imul(high ^ bytes[i]! ^ (low >>> 13), 0x5bd1e995)
  }
  return (low >>> 0) + (high >>> 12) * 2 ** 32
}
