// The table through which the passes over a list of peers share offsets: one record per peer, one
// pair of numbers per allowed IP.
import { WGPEER_A_PROTOCOL_VERSION } from '../constants.js'

/** The highest attribute type of a peer that has a cell in a record. */
export const LAST_TYPE = WGPEER_A_PROTOCOL_VERSION

// A record has one cell per attribute type: where the payload begins in the datagram (0: absent,
// because a message begins with its header). These cells follow, counted up from the last type.
/** Where the text of the public key begins. */
export const KEY_TEXT = LAST_TYPE + 1
/** Where the text of the endpoint's address begins. */
export const HOST_START = KEY_TEXT + 1
/** Where the text of the endpoint's address ends. */
export const HOST_END = HOST_START + 1
/** Index of the first allowed IP. */
export const ALLOWED_START = HOST_END + 1
/** Index after the last allowed IP. */
export const ALLOWED_END = ALLOWED_START + 1
/** Length of a record, in cells. */
export const RECORD = ALLOWED_END + 1

/** Added to the prefix length of an IPv6 allowed IP. */
export const IPV6_MARK = 0x100

// The kernel fills datagrams of 32 KiB if it may (af_netlink.c).
const DATAGRAM_LENGTH = 32 * 1024
// The fewest bytes of a peer (its header and its key), and of an allowed IP (three headers, a
// family, a prefix length, 4 bytes).
const MIN_PEER_LENGTH = 40
const MIN_ALLOWED_IP_LENGTH = 25

/** The peers of one list. Reused for the next list, so that nothing is allocated per list. */
export class PeerTable {
  peerCount = 0
  allowedIPCount = 0
  /** One record per peer. Records after the last peer are left over from another list. */
  records = new Int32Array(0)
  /**
   * One pair per allowed IP. At first: the offset of its address in the datagram and its prefix
   * length (with {@link IPV6_MARK}). Later: where its text begins and ends.
   */
  allowedIPs = new Int32Array(0)
  #length = 0

  /** Empties the table and makes room for any list of this many bytes. */
  reset(length: number): void {
    this.peerCount = this.allowedIPCount = 0
    if (length <= this.#length) return
    this.#length = Math.max(length, DATAGRAM_LENGTH)
    this.records = new Int32Array(RECORD * (Math.floor(this.#length / MIN_PEER_LENGTH) + 1))
    this.allowedIPs = new Int32Array(2 * (Math.floor(this.#length / MIN_ALLOWED_IP_LENGTH) + 1))
  }
}
