import { IFF_UP } from '../route/constants.js'
import type { Link } from '../route/link.js'

/** A network interface, of whatever kind. */
export interface LinkState {
  /** The current name, also if the interface was requested by an alternative name. */
  readonly name: string
  /** Interface index. It stays the same when the interface is renamed. */
  readonly index: number
  /**
   * 'wireguard'; 'tun' for userspace implementations; undefined if there is none, as for hardware.
   */
  readonly kind: string | undefined
  /** Whether it was brought up. */
  readonly up: boolean
  /** In bytes. */
  readonly mtu: number
}

/** A network interface with its addresses. */
export interface LinkWithAddresses extends LinkState {
  /** With their prefix lengths, as `10.7.0.1/24`, in the order in which they became known. */
  readonly addresses: readonly string[]
}

/** Returns the public form of a link. */
export function stateOf({ flags, ...link }: Link): LinkState {
  return { ...link, up: (flags & IFF_UP) !== 0 }
}
