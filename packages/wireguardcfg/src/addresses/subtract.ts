import type { AllowedIP } from '../model/allowed-ip.js'
import { addressText, type Block, joined, readNetwork, readNetworks } from './block.js'

/**
 * Returns whether all addresses of an allowed IP are inside another one, or equal to it.
 *
 * @throws WireGuardError `EINVAL` when one of them is no allowed IP
 * @example
 * ```js
 * containsAllowedIP('10.0.0.0/8', '10.8.0.0/24') // true
 * containsAllowedIP('0.0.0.0/0', '::1') // false
 * ```
 */
export function containsAllowedIP(outer: AllowedIP, inner: AllowedIP): boolean {
  const { bits, first, last } = readNetwork(outer, 'outer')
  const other = readNetwork(inner, 'inner')
  return bits === other.bits && first <= other.first && other.last <= last
}

/**
 * Returns the allowed IPs that have all addresses of a list but those of another: everything but
 * one's own network, for example. The result is the shortest list, IPv4 first, in the order of the
 * addresses. Entries of both lists may overlap. With an empty second list, it is the shortest list
 * of the same addresses.
 *
 * @throws WireGuardError `EINVAL` with the path of an entry that is no allowed IP
 * @example
 * ```js
 * subtractAllowedIPs(['10.0.0.0/29'], ['10.0.0.2']) // '10.0.0.0/31', '10.0.0.3/32', '10.0.0.4/30'
 * const all = ['0.0.0.0/0', '::/0']
 * const allowedIPs = subtractAllowedIPs(all, ['192.168.0.0/16', 'fe80::/10'])
 * ```
 */
export function subtractAllowedIPs(
  all: Iterable<AllowedIP>,
  minus: Iterable<AllowedIP>,
): AllowedIP[] {
  const wanted = joined(readNetworks(all, 'all'))
  const unwanted = joined(readNetworks(minus, 'minus'))
  const left: AllowedIP[] = []
  let i = 0
  for (const { bits, first, last } of wanted) {
    let next = first
    while (i < unwanted.length && isBefore(unwanted[i]!, bits, first)) i++
    // The last one may reach into the next block too, so `i` stays at it.
    for (let j = i; j < unwanted.length; j++) {
      const hole = unwanted[j]!
      if (hole.bits !== bits || hole.first > last) break
      addNetworks(left, { bits, first: next, last: hole.first - 1n })
      next = hole.last + 1n
      if (next <= last) i = j + 1
    }
    addNetworks(left, { bits, first: next, last })
  }
  return left
}

function isBefore(block: Block, bits: number, address: bigint): boolean {
  return block.bits < bits || (block.bits === bits && block.last < address)
}

/** Adds the fewest networks that have the addresses of a block. An empty block has none. */
function addNetworks(list: AllowedIP[], { bits, first, last }: Block): void {
  while (first <= last) {
    // The largest network that begins here and does not go beyond the end.
    let hosts = trailingZeros(first, bits)
    while (first + (1n << BigInt(hosts)) - 1n > last) hosts--
    list.push(`${addressText(bits, first)}/${bits - hosts}`)
    first += 1n << BigInt(hosts)
  }
}

function trailingZeros(address: bigint, bits: number): number {
  if (address === 0n) return bits
  return (address & -address).toString(2).length - 1
}
