// What the passes over a list of peers tell each other: one record per peer, one pair of numbers per allowed IP.

// A record has where the payload of each attribute begins in the datagram, by attribute type (0: absent; a message begins with its
// header), and behind the types these.
/** Where the text of the public key begins. */
export const KEY_TEXT = 11
/** Where the text of the endpoint's address begins. */
export const HOST_START = 12
/** Where it ends. */
export const HOST_END = 13
/** Number of the first allowed IP. */
export const ALLOWED_START = 14
/** Number of the one behind the last. */
export const ALLOWED_END = 15
/** Length of a record. */
export const RECORD = 16

/** Added to the prefix length of an IPv6 range. */
export const RANGE_V6 = 0x100

// The kernel fills datagrams of 32 KiB when it may (af_netlink.c).
const USUAL_LENGTH = 32 * 1024
// The least that a peer takes (its header and its key), and a range (three headers, a family, a prefix length, 4 bytes).
const PEER_LENGTH = 40
const RANGE_LENGTH = 25

/** The peers of one list. Used again for the next list, so that nothing is allocated for each. */
export class FoundPeers {
  peers = 0
  allowedIPs = 0
  /** A record per peer; what is in those of others is left from another list. */
  records = new Int32Array(0)
  /**
   * A pair per allowed IP: where its address is in the datagram and its prefix length (with {@link RANGE_V6}); then, where its
   * text begins and ends.
   */
  ranges = new Int32Array(0)
  #length = 0

  /** Empties it, and makes room for whatever a list of this many bytes can hold. */
  reset(length: number): void {
    this.peers = this.allowedIPs = 0
    if (length <= this.#length) return
    this.#length = Math.max(length, USUAL_LENGTH)
    this.records = new Int32Array(RECORD * (Math.floor(this.#length / PEER_LENGTH) + 1))
    this.ranges = new Int32Array(2 * (Math.floor(this.#length / RANGE_LENGTH) + 1))
  }
}
