import { publicKeyFromBytes } from 'wireguardcfg'
import type { Zones } from '../../src/wireguard/structs.js'

const NAMES = ['lo', 'eth0', 'wg0']

/** The interfaces lo, eth0 and wg0, by the indexes 1, 2 and 3. */
export const zones: Zones = {
  index: (name) => NAMES.indexOf(name) + 1,
  name: (index) => NAMES[index - 1],
}

/** A public key that belongs to a number, up to 2^32. */
export function key(number: number): string {
  const bytes = new Uint8Array(32).fill(number)
  new DataView(bytes.buffer).setUint32(0, number)
  return publicKeyFromBytes(bytes)
}

/** Different prefixes of both families, canonical; `block` keeps those of different peers apart. */
export function allowedIPs(block: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    i % 2 === 0
      ? `10.${(block + (i >> 17)) & 255}.${(i >> 9) & 255}.${(i >> 1) & 255}/32`
      : `fd00:0:0:${(block + 1).toString(16)}::${((i >> 1) + 0x10000).toString(16).replace(/(.+)(.{4})$/, (_m, a: string, b: string) => `${a}:${Number.parseInt(b, 16).toString(16)}`)}/128`,
  )
}
