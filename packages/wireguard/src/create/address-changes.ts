import { canonicalInterfaceAddress, isLinkLocal } from 'wireguardcfg/internal'

/** What makes the addresses of an interface those that are wanted, in this order. */
export interface AddressChanges {
  /**
   * IPv6 addresses that are wanted with another prefix length. The kernel has each of them once, so
   * they are removed before they are added.
   */
  readonly reset: readonly string[]
  readonly added: readonly string[]
  /** Removed last, so that there is no time without an address. */
  readonly removed: readonly string[]
}

/** Compares addresses. Link-local ones (fe80::/10) stay, because the kernel makes them itself. */
export function addressChanges(
  current: readonly string[],
  wanted: readonly string[],
): AddressChanges {
  const present = new Set(current.map(canonicalInterfaceAddress))
  const own = new Set(wanted.map(canonicalInterfaceAddress))
  const ips = new Set(Array.from(own, ipOf))
  const surplus = [...present].filter((address) => !own.has(address) && !isLinkLocal(address))
  const isReset = (address: string) => address.includes(':') && ips.has(ipOf(address))
  return {
    reset: surplus.filter((address) => isReset(address)),
    added: [...own].filter((address) => !present.has(address)),
    removed: surplus.filter((address) => !isReset(address)),
  }
}

function ipOf(address: string): string {
  return address.slice(0, address.indexOf('/'))
}
