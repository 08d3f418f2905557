// What the passes over a list of peers tell each other: one record per peer, one pair of numbers
// per allowed IP.
import { WGPEER_A_PROTOCOL_VERSION } from '../constants.js'

/** The highest type of a peer's attribute that a record has a cell for. */
export const LAST_TYPE = WGPEER_A_PROTOCOL_VERSION

// A record has one cell per attribute type: where the payload begins in the datagram (0: absent,
// because a message begins with its header). These cells follow, counted up from the last type.
/** Where the text of the public key begins. */
export const KEY_TEXT = LAST_TYPE + 1
/** Where the text of the endpoint's address begins. */
export const HOST_START = KEY_TEXT + 1
/** Where the text of the endpoint's address ends. */
export const HOST_END = HOST_START + 1
/** Number of the first allowed IP. */
export const ALLOWED_START = HOST_END + 1
/** Number of the allowed IP after the last. */
export const ALLOWED_END = ALLOWED_START + 1
/** Length of a record. */
export const RECORD = ALLOWED_END + 1

/** Added to the prefix length of an IPv6 range. */
export const RANGE_V6 = 0x100

// The kernel fills datagrams of 32 KiB when it may (af_netlink.c).
const USUAL_LENGTH = 32 * 1024
// The least that a peer takes (its header and its key), and a range (three headers, a family, a
// prefix length, 4 bytes).
const PEER_LENGTH = 40
const RANGE_LENGTH = 25

/** The peers of one list. Used again for the next list, so that nothing is allocated for each. */
export class PeerTable {
  peers = 0
  allowedIPs = 0
  /** A record per peer; what is in those of others is left from another list. */
  records = new Int32Array(0)
  /**
   * A pair per allowed IP: where its address is in the datagram and its prefix length (with
   * {@link RANGE_V6}); then, where its text begins and ends.
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
