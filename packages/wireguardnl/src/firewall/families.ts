import { elementsOf, invalid } from 'wireguardcfg/internal'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../nft/constants.js'

/** The address families of tables, in the order in which they are made. */
export const BOTH = [4, 6] as const

/** Returns the NFPROTO_ of a family. */
export function protocolOf(family: 4 | 6): number {
  return family === 4 ? NFPROTO_IPV4 : NFPROTO_IPV6
}

/** Reads a list of families, each once. @throws WireGuardError `EINVAL` */
export function readFamilies(given: readonly unknown[]): (4 | 6)[] {
  const families = new Set<unknown>()
  for (const [path, family] of elementsOf(given, BOTH.length, 'families')) {
    if (family !== 4 && family !== 6) throw invalid('expected 4 or 6', { path })
    families.add(family)
  }
  return BOTH.filter((family) => families.has(family))
}
