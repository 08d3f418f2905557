import { MalformedMessageError } from '../netlink/malformed.js'

/** A network: a route's destination, or what a rule compares. */
export interface Prefix {
  /** 4 or 16 bytes in network order. */
  readonly address: Uint8Array
  /** Bits, 0 to 32 or 128. */
  readonly length: number
}

/**
 * Returns the prefix of a message: the kernel leaves an address of zeros out.
 *
 * @param size bytes of an address of this family
 * @throws {MalformedMessageError} when the length is greater than the address
 */
export function prefixOf(
  address: Uint8Array | undefined,
  length: number,
  size: number,
  at: number,
): Prefix {
  if (length > 8 * size) {
    throw new MalformedMessageError(`prefix length ${length}, expected at most ${8 * size}`, at)
  }
  return { address: address ?? new Uint8Array(size), length }
}
