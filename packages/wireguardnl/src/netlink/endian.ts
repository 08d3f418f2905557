// Netlink integers are in the byte order of the machine. This is the only file that knows which one
// that is.
//
// Integers go through one DataView per datagram: composing them from bytes took half as long again
// in a dump.

import { endianness } from 'node:os'

/**
 * Whether this machine is little-endian: the last argument of DataView's methods for every netlink
 * integer.
 */
export const LITTLE_ENDIAN = endianness() === 'LE'

/** Returns a DataView of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Reads a u64 in host byte order: exact up to 2^53, the nearest number above that. */
export function readU64(view: DataView, at: number): number {
  const low = view.getUint32(LITTLE_ENDIAN ? at : at + 4, LITTLE_ENDIAN)
  const high = view.getUint32(LITTLE_ENDIAN ? at + 4 : at, LITTLE_ENDIAN)
  // Most numbers are small and then need no floating-point arithmetic.
  return high === 0 ? low : high * 0x1_0000_0000 + low
}

/** Writes a u64 in host byte order. The value is an integer from 0 to 2^53. */
export function writeU64(view: DataView, at: number, value: number): void {
  const low = value % 0x1_0000_0000
  const high = Math.floor(value / 0x1_0000_0000)
  view.setUint32(at, LITTLE_ENDIAN ? low : high, LITTLE_ENDIAN)
  view.setUint32(at + 4, LITTLE_ENDIAN ? high : low, LITTLE_ENDIAN)
}

/** Returns whether all `length` bytes from `at` are zero. `length` is a multiple of 4. */
export function isZero(view: DataView, at: number, length: number): boolean {
  for (let i = 0; i < length; i += 4) if (view.getInt32(at + i) !== 0) return false
  return true
}
