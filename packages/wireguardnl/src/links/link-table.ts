import { formatInterfaceAddress } from 'wireguardcfg/internal'
import { AF_UNSPEC } from '../netlink/constants.js'
import type { Message } from '../netlink/message.js'
import { decodeAddress, type PlacedAddress } from '../route/address.js'
import { RTM_DELADDR, RTM_DELLINK, RTM_NEWADDR, RTM_NEWLINK } from '../route/constants.js'
import { decodeLink, type Link } from '../route/link.js'
import { type LinkState, type LinkWithAddresses, stateOf } from './link-state.js'

/** A change of an interface or of its addresses. */
export type LinkChange =
  | {
      /** An interface was made, or came from another namespace; or it was deleted or moved away. */
      readonly type: 'link-added' | 'link-removed'
      /** The interface; one that was removed as it was last. */
      readonly link: LinkWithAddresses
    }
  | {
      /** Its name, its MTU, or whether it is up. */
      readonly type: 'link-changed'
      /** As it is now. */
      readonly link: LinkWithAddresses
      /** As it was. */
      readonly before: LinkWithAddresses
    }
  | {
      /** An interface got an address, or lost one. */
      readonly type: 'address-added' | 'address-removed'
      /** The interface, with the addresses that it has now. */
      readonly link: LinkWithAddresses
      /** With its prefix length, as `10.7.0.1/24`. */
      readonly address: string
    }

/** The known interfaces of a namespace. An unchanged one stays the same object. */
export class LinkTable {
  readonly #links = new Map<number, LinkWithAddresses>()

  /** The interfaces in the order in which they became known. */
  get links(): readonly LinkWithAddresses[] {
    return [...this.#links.values()]
  }

  /** Takes over lists that were just read, and returns what differs. */
  replace(links: readonly Link[], addresses: readonly PlacedAddress[]): LinkChange[] {
    const existing = new Set(links.map(({ index }) => index))
    const gone = [...this.#links.keys()].filter((index) => !existing.has(index))
    const changes = gone.flatMap((index) => this.#remove(index))
    const found = new Map<number, string[]>()
    for (const { index, address } of addresses) {
      const texts = found.get(index) ?? []
      found.set(index, texts)
      texts.push(formatInterfaceAddress(address))
    }
    for (const link of links) {
      const { index } = link
      changes.push(...this.#put(stateOf(link)))
      const now = found.get(index) ?? []
      for (const address of this.#addressesOf(index)) {
        if (!now.includes(address)) changes.push(...this.#removeAddress(index, address))
      }
      for (const address of now) changes.push(...this.#addAddress(index, address))
    }
    return changes
  }

  /**
   * Takes a message of the multicast groups, and returns what it changes. Most of them change
   * nothing that is known here.
   *
   * @throws {MalformedMessageError}
   */
  take(message: Message): LinkChange[] {
    switch (message.type) {
      case RTM_NEWLINK:
      case RTM_DELLINK: {
        // Bridges report their ports to the same group. A port that ends is no link that ends.
        if (message.bytes[message.start] !== AF_UNSPEC) return []
        const link = stateOf(decodeLink(message))
        return message.type === RTM_NEWLINK ? this.#put(link) : this.#remove(link.index)
      }
      case RTM_NEWADDR:
      case RTM_DELADDR: {
        const placed = decodeAddress(message)
        if (placed === undefined) return []
        const address = formatInterfaceAddress(placed.address)
        return message.type === RTM_NEWADDR
          ? this.#addAddress(placed.index, address)
          : this.#removeAddress(placed.index, address)
      }
      default:
        return []
    }
  }

  #put(state: LinkState): LinkChange[] {
    const before = this.#links.get(state.index)
    if (before !== undefined && isSame(before, state)) return []
    const link = { ...state, addresses: before?.addresses ?? [] }
    this.#links.set(state.index, link)
    return [before === undefined ? { type: 'link-added', link } : changed(link, before)]
  }

  #remove(index: number): LinkChange[] {
    const link = this.#links.get(index)
    if (link === undefined) return []
    this.#links.delete(index)
    return [{ type: 'link-removed', link }]
  }

  #addAddress(index: number, address: string): LinkChange[] {
    const before = this.#links.get(index)
    // The kernel reports an IPv6 address again once it knows that no other host has it.
    if (before === undefined || before.addresses.includes(address)) return []
    return this.#setAddresses(before, [...before.addresses, address], 'address-added', address)
  }

  #removeAddress(index: number, address: string): LinkChange[] {
    const before = this.#links.get(index)
    if (before === undefined || !before.addresses.includes(address)) return []
    const left = before.addresses.filter((other) => other !== address)
    return this.#setAddresses(before, left, 'address-removed', address)
  }

  #setAddresses(
    before: LinkWithAddresses,
    addresses: readonly string[],
    type: 'address-added' | 'address-removed',
    address: string,
  ): LinkChange[] {
    const link = { ...before, addresses }
    this.#links.set(link.index, link)
    return [{ type, link, address }]
  }

  #addressesOf(index: number): readonly string[] {
    return this.#links.get(index)?.addresses ?? []
  }
}

function changed(link: LinkWithAddresses, before: LinkWithAddresses): LinkChange {
  return { type: 'link-changed', link, before }
}

function isSame(one: LinkState, other: LinkState): boolean {
  const { name, kind, up, mtu } = one
  return name === other.name && kind === other.kind && up === other.up && mtu === other.mtu
}
