import type { Device, Peer } from 'wireguardcfg'
import { MalformedMessageError } from '../../netlink/malformed.js'
import type { DeviceAttributes, DevicePart } from './decode.js'
import type { DecodedPeer } from './build.js'

/** How many messages in a row may bring nothing new before a dump counts as endless. */
export const MAX_EMPTY_MESSAGES = 16

/**
 * Puts the messages of one dump together: a peer whose allowed IPs did not fit into one message
 * goes on in the next, as an entry with the same public key and nothing but more allowed IPs; the
 * attributes of the device come with every message until the first peer is complete, and then no
 * more.
 */
export class DumpMerger {
  readonly #attributes: DeviceAttributes = {}
  #last: DecodedPeer | undefined
  #empty = 0

  /**
   * Adds a message, and to `complete` the peers that are complete now, which it returns: all but
   * the last one, which the next message may continue.
   *
   * @throws {MalformedMessageError} when {@link MAX_EMPTY_MESSAGES} messages in a row brought
   * nothing new
   */
  add({ attributes, peers }: DevicePart, complete: Peer[] = []): Peer[] {
    // Before the attributes: the first ones are news.
    const news =
      peers.length > 0 || (attributes.name !== undefined && this.#attributes.name === undefined)
    Object.assign(this.#attributes, attributes)
    let added = news && peers.length === 0
    for (let i = 0; i < peers.length; i++) {
      const peer = peers[i]!
      const last = this.#last
      // Only a message's first entry ever continues another, but for others the key is compared as
      // well if they have nothing else.
      const mayContinue = i === 0 || isBare(peer)
      if (last === undefined || !mayContinue || last.publicKey !== peer.publicKey) {
        if (last !== undefined) complete.push(last)
        this.#last = peer
        added = true
      } else if (peer.allowedIPs.length > 0) {
        // Not spread into push: the arguments of a call are limited.
        for (const allowedIP of peer.allowedIPs) last.allowedIPs.push(allowedIP)
        added = true
      }
    }
    this.#empty = added ? 0 : this.#empty + 1
    if (this.#empty >= MAX_EMPTY_MESSAGES) {
      throw new MalformedMessageError(
        `${this.#empty} messages of a dump in a row with nothing new`,
        0,
      )
    }
    return complete
  }

  /** The peer that no message can continue any more; call it once, at the end of the dump. */
  end(): Peer[] {
    const last = this.#last
    this.#last = undefined
    return last === undefined ? [] : [last]
  }

  /**
   * The device, with all its peers, which the caller has kept.
   *
   * @throws {MalformedMessageError} when no message said which device it is
   */
  device(peers: readonly Peer[]): Device {
    const {
      name,
      index,
      privateKey,
      publicKey,
      listenPort = 0,
      firewallMark = 0,
    } = this.#attributes
    if (name === undefined)
      throw new MalformedMessageError('a dump without the name of the interface', 0)
    return {
      name,
      backend: 'kernel',
      index,
      privateKey,
      publicKey,
      listenPort,
      firewallMark,
      peers,
    }
  }
}

/**
 * Comparing slices of a text is slow; nearly every peer has something that makes it unnecessary.
 */
function isBare({ presharedKey, endpoint, lastHandshake, receiveBytes }: DecodedPeer): boolean {
  return (
    presharedKey === undefined &&
    endpoint === undefined &&
    lastHandshake === undefined &&
    receiveBytes === 0
  )
}
