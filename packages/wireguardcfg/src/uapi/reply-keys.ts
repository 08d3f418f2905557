// Before the table, whose keys it counts.
let keyCount = 0

/** A key of a reply. Keys are compared by identity. */
export interface Key {
  readonly name: string
  readonly bytes: Uint8Array
  /** A number with one bit, another for each key. */
  readonly bit: number
}

/**
 * The keys of a reply that are read, as https://www.wireguard.com/xplatform/ lists them. boringtun
 * adds `own_public_key`.
 */
export const KEYS = {
  private_key: key('private_key'),
  own_public_key: key('own_public_key'),
  listen_port: key('listen_port'),
  fwmark: key('fwmark'),
  public_key: key('public_key'),
  preshared_key: key('preshared_key'),
  endpoint: key('endpoint'),
  persistent_keepalive_interval: key('persistent_keepalive_interval'),
  allowed_ip: key('allowed_ip'),
  last_handshake_time_sec: key('last_handshake_time_sec'),
  last_handshake_time_nsec: key('last_handshake_time_nsec'),
  rx_bytes: key('rx_bytes'),
  tx_bytes: key('tx_bytes'),
  protocol_version: key('protocol_version'),
  errno: key('errno'),
} as const

/** Returns the key at these bytes without creating a string; `undefined` for an unknown key. */
export function keyAt(bytes: Uint8Array, start: number, end: number): Key | undefined {
  const candidate = end > start ? LOOKUP[slot(end - start, bytes[start]!)] : undefined
  if (candidate === undefined) return undefined
  const expected = candidate.bytes
  if (expected.length !== end - start) return undefined
  for (let i = 0; i < expected.length; i++) {
    if (expected[i] !== bytes[start + i]) return undefined
  }
  return candidate
}

function key(name: string): Key {
  return { name, bytes: new TextEncoder().encode(name), bit: 1 << keyCount++ }
}

// No two keys have both the length and the first letter in common (a test checks this).
const LOOKUP: (Key | undefined)[] = Array.from({ length: 32 * 32 })
for (const known of Object.values(KEYS)) {
  LOOKUP[slot(known.bytes.byteLength, known.bytes[0]!)] = known
}

function slot(length: number, first: number): number {
  return ((length & 31) << 5) | (first & 31)
}
