import { type AllowedIP, parseAllowedIP } from '../model/allowed-ip.js'
import { atPath, invalid } from '../model/errors.js'
import { formatIP } from '../model/ip.js'
import { MOST_ALLOWED_IPS } from '../model/limits.js'

/** The addresses from `first` to `last`, as numbers: those of one allowed IP or of several. */
export interface Block {
  /** 32 or 128. */
  readonly bits: number
  readonly first: bigint
  readonly last: bigint
}

/** The addresses of one allowed IP. Two of them are nested or have no address in common. */
export interface Network extends Block {
  readonly prefixLength: number
}

/**
 * Reads an allowed IP in any spelling.
 *
 * @param path where the text stands, for the error: `used[3]`
 * @throws WireGuardError `EINVAL`
 */
export function readNetwork(text: AllowedIP, path: string): Network {
  const { address, prefixLength } = atPath(path, () => parseAllowedIP(text))
  const bits = address.length * 8
  const first = numberOf(address)
  return { bits, first, last: first | hostMask(bits, prefixLength), prefixLength }
}

/**
 * Reads a list of allowed IPs.
 *
 * @throws WireGuardError `EINVAL` with the path of the entry
 */
export function readNetworks(texts: Iterable<AllowedIP>, path: string): Network[] {
  if (typeof texts === 'string' || typeof texts?.[Symbol.iterator] !== 'function') {
    throw invalid('expected a list of addresses and networks', { path })
  }
  const networks: Network[] = []
  for (const text of texts) {
    // An endless iterator must not take all memory.
    if (networks.length === MOST_ALLOWED_IPS) {
      throw invalid(`expected at most ${MOST_ALLOWED_IPS} addresses and networks`, { path })
    }
    networks.push(readNetwork(text, `${path}[${networks.length}]`))
  }
  return networks
}

/** Sorts IPv4 before IPv6, then by the first address; a network before those inside it. */
export function byPosition(one: Block, other: Block): number {
  if (one.bits !== other.bits) return one.bits - other.bits
  if (one.first !== other.first) return one.first < other.first ? -1 : 1
  if (one.last !== other.last) return one.last > other.last ? -1 : 1
  return 0
}

/** Returns the blocks in order, with those joined that meet or overlap. */
export function joined(blocks: readonly Block[]): readonly Block[] {
  const all: Block[] = []
  for (const block of blocks.toSorted(byPosition)) {
    const before = all.at(-1)
    if (before?.bits === block.bits && block.first <= before.last + 1n) {
      if (block.last > before.last) all[all.length - 1] = { ...before, last: block.last }
    } else all.push(block)
  }
  return all
}

/** The bits of an address that are not of the network. */
export function hostMask(bits: number, prefixLength: number): bigint {
  return HOST_MASKS[bits - prefixLength]!
}

/** The number that 4 or 16 bytes are. */
export function numberOf(address: Uint8Array): bigint {
  const view = new DataView(address.buffer, address.byteOffset, address.length)
  return address.length === 4
    ? BigInt(view.getUint32(0))
    : (view.getBigUint64(0) << 64n) | view.getBigUint64(8)
}

/** The canonical text of an address. */
export function addressText(bits: number, address: bigint): string {
  const bytes = new Uint8Array(bits / 8)
  const view = new DataView(bytes.buffer)
  if (bits === 32) view.setUint32(0, Number(address))
  else {
    view.setBigUint64(0, address >> 64n)
    view.setBigUint64(8, BigInt.asUintN(64, address))
  }
  return formatIP(bytes)
}

/** The canonical text of a network. */
export function networkText({ bits, first, prefixLength }: Network): AllowedIP {
  return `${addressText(bits, first)}/${prefixLength}`
}

const HOST_MASKS = Array.from({ length: 129 }, (_, hosts) => (1n << BigInt(hosts)) - 1n)
