import { canonicalAllowedIP, containsAllowedIP, subtractAllowedIPs } from 'wireguardcfg'

/** IPv4 or IPv6. */
export type Family = 4 | 6

export const FAMILIES: readonly Family[] = [4, 6]

/** All addresses of a family. */
export const EVERYTHING: Readonly<Record<Family, string>> = { 4: '0.0.0.0/0', 6: '::/0' }

/** Returns the family of an address or a network. */
export function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4
}

/** Returns the length of a network in canonical text. */
export function lengthOf(network: string): number {
  return Number(network.slice(network.indexOf('/') + 1))
}

/** Returns networks in canonical text, each once, the longest first, as wg-quick(8) adds routes. */
export function sortedNetworks(networks: readonly string[]): string[] {
  const once = [...new Set(networks.map(canonicalAllowedIP))]
  return once.toSorted((a, b) => lengthOf(b) - lengthOf(a))
}

/** Returns whether networks are together all addresses of a family. */
export function coverEverything(networks: readonly string[], family: Family): boolean {
  const own = networks.filter((network) => familyOf(network) === family)
  return own.length > 0 && subtractAllowedIPs([EVERYTHING[family]], own).length === 0
}

/** Returns whether a network is in another one, or equal to it. */
export function isWithin(network: string, outer: string): boolean {
  return containsAllowedIP(outer, network)
}

/** Returns those of some networks, in canonical text, that have an address. */
export function networksAround(address: string, networks: readonly string[]): string[] {
  const family = familyOf(address)
  const known = new Set(networks)
  const lengths = new Set(networks.filter((one) => familyOf(one) === family).map(lengthOf))
  return Array.from(lengths, (length) => canonicalAllowedIP(`${address}/${length}`)).filter((one) =>
    known.has(one),
  )
}
