import type { Device, Peer } from 'wireguardcfg'
import { MalformedMessageError } from '../../netlink/malformed.js'
import type { DeviceAttributes, DevicePart } from './decode.js'
import type { DecodedPeer } from './build.js'

/** How many messages in a row may contain nothing new before a dump counts as endless. */
export const MAX_EMPTY_MESSAGES = 16

/**
 * Merges the messages of one dump. A peer whose allowed IPs do not fit into one message continues
 * in the next one, as an entry with the same public key and only more allowed IPs. The attributes
 * of the device are in every message until the first peer is complete, and in none after that.
 */
export class DumpMerger {
  readonly #attributes: DeviceAttributes = {}
  readonly #isShared: boolean
  #last: DecodedPeer | undefined
  /** Whether the last peer may be changed. */
  #isOwn = false
  #empty = 0

  /** @param isShared whether others have the peers of the parts as well: they stay as they are */
  constructor(isShared = false) {
    this.#isShared = isShared
  }

  /**
   * Adds a message. Appends the peers that are now complete to `complete`, and returns it: all but
   * the last peer, which the next message may continue.
   *
   * @throws {MalformedMessageError} when {@link MAX_EMPTY_MESSAGES} messages in a row contain
   * nothing new
   */
  add({ attributes, peers }: DevicePart, complete: Peer[] = []): Peer[] {
    // Before the attributes are merged, because the first ones are new.
    const news =
      peers.length > 0 || (attributes.name !== undefined && this.#attributes.name === undefined)
    Object.assign(this.#attributes, attributes)
    let added = news && peers.length === 0
    for (let i = 0; i < peers.length; i++) {
      const peer = peers[i]!
      const last = this.#last
      // Only the first entry of a message ever continues a peer. For other entries the key is
      // compared as well if they have nothing else.
      const mayContinue = i === 0 || isBare(peer)
      if (last === undefined || !mayContinue || last.publicKey !== peer.publicKey) {
        if (last !== undefined) complete.push(last)
        this.#last = peer
        this.#isOwn = !this.#isShared
        added = true
      } else if (peer.allowedIPs.length > 0) {
        const own = this.#isOwn ? last : { ...last, allowedIPs: [...last.allowedIPs] }
        this.#last = own
        this.#isOwn = true
        // Not spread into `push`: the number of arguments of a call is limited.
        for (const allowedIP of peer.allowedIPs) own.allowedIPs.push(allowedIP)
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

  /**
   * Returns the last peer, which no further message continues. Call it once, at the end of the
   * dump.
   */
  end(): Peer[] {
    const last = this.#last
    this.#last = undefined
    return last === undefined ? [] : [last]
  }

  /**
   * Returns the device with all its peers, which the caller has collected.
   *
   * @throws {MalformedMessageError} when no message contained the name of the device
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
 * Returns whether a peer has nothing but its key and allowed IPs. Almost no peer is bare, which
 * saves the slow comparison of slices of a text.
 */
function isBare({ presharedKey, endpoint, lastHandshake, receiveBytes }: DecodedPeer): boolean {
  return (
    presharedKey === undefined &&
    endpoint === undefined &&
    lastHandshake === undefined &&
    receiveBytes === 0
  )
}
