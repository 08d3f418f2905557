import type { AllowedIP } from '../model/allowed-ip.js'
import { atPath, WireGuardError } from '../model/errors.js'
import { parseInterfaceAddress } from '../model/interface-address.js'
import { checkOptions, type OptionTable } from '../model/options.js'
import { quote } from '../model/quote.js'
import { addressText, type Block, hostMask, joined, numberOf, readNetworks } from './block.js'

/** Options of {@link nextAddress}. */
export interface NextAddressOptions {
  /** Addresses and networks that are never returned, used or not. */
  readonly skip?: Iterable<AllowedIP> | undefined
}

const NEXT_ADDRESS_OPTIONS: OptionTable<NextAddressOptions> = { skip: 'checked later' }

/**
 * Returns the lowest address of a network that is not used, for example for a new peer.
 *
 * Never returned are: the address of `network` itself when it has one (`10.8.0.1/24` is the address
 * of a server in `10.8.0.0/24`), the first address of a network, which is that of the network in
 * IPv4 and of its routers in IPv6 (RFC 4291, section 2.6.1), and the broadcast address of IPv4.
 * Networks of one or two addresses have no such addresses (RFC 3021, RFC 6164).
 *
 * @param network a network, or an address in it, with the prefix length
 * @param used addresses and networks in any order and of any family, such as the allowed IPs of
 * peers. All addresses of a network are used; those outside of `network` do not matter
 * @returns an address without a prefix length, as `10.8.0.2`
 * @throws WireGuardError `EADDRNOTAVAIL` when all addresses are used; `EINVAL` with the path of a
 * value that is no address or network
 * @example
 * ```js
 * const peers = [{ allowedIPs: ['10.8.0.2/32'] }, { allowedIPs: ['10.8.0.4/30'] }]
 * const used = peers.flatMap(({ allowedIPs }) => allowedIPs)
 * nextAddress('10.8.0.1/24', used) // '10.8.0.3'
 * ```
 */
export function nextAddress(
  network: string,
  used: Iterable<AllowedIP>,
  options: NextAddressOptions = {},
): string {
  checkOptions(options, NEXT_ADDRESS_OPTIONS, { operation: 'find address' })
  const { skip = [] } = options
  const { bits, first, last, own } = readOwnNetwork(network)
  const taken = [...readNetworks(used, 'used'), ...readNetworks(skip, 'skip'), ...own]
  let next = first
  for (const block of joined(taken.filter((one) => one.bits === bits))) {
    if (block.first > next) break
    if (block.last >= next) next = block.last + 1n
  }
  if (next <= last) return addressText(bits, next)
  throw new WireGuardError(`no address is left in ${quote(network)}`, {
    code: 'EADDRNOTAVAIL',
    operation: 'find address',
    path: 'network',
    hint: 'Remove peers that are not used, or choose a larger network',
  })
}

/** Reads the network, without the addresses that no host has, and its own address, if any. */
function readOwnNetwork(text: string): Block & { readonly own: readonly Block[] } {
  const { local, prefixLength } = atPath('network', () => parseInterfaceAddress(text))
  const bits = local.length * 8
  const address = numberOf(local)
  const hosts = hostMask(bits, prefixLength)
  const first = address & ~hosts
  const last = first | hosts
  const own = address === first ? [] : [{ bits, first: address, last: address }]
  if (bits - prefixLength < 2) return { bits, first, last, own }
  return { bits, first: first + 1n, last: bits === 32 ? last - 1n : last, own }
}
