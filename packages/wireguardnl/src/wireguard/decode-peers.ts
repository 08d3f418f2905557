import { AttributeReader } from '../netlink/attribute-reader.js'
import { MalformedMessageError } from '../netlink/malformed.js'
import {
  AF_INET,
  AF_INET6,
  WG_KEY_LEN,
  WGALLOWEDIP_A_CIDR_MASK,
  WGALLOWEDIP_A_FAMILY,
  WGALLOWEDIP_A_IPADDR,
  WGPEER_A_ALLOWEDIPS,
  WGPEER_A_ENDPOINT,
  WGPEER_A_LAST_HANDSHAKE_TIME,
  WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
  WGPEER_A_PRESHARED_KEY,
  WGPEER_A_PROTOCOL_VERSION,
  WGPEER_A_PUBLIC_KEY,
  WGPEER_A_RX_BYTES,
  WGPEER_A_TX_BYTES,
} from './constants.js'
import {
  ALLOWED_END,
  ALLOWED_START,
  type DecodedPeer,
  HOST_END,
  HOST_START,
  makePeers,
  RECORD,
  type Sliceable,
} from './make-peers.js'
import { SOCKADDR_IN6_LENGTH, SOCKADDR_IN_LENGTH, type Zones } from './sockaddr.js'
import { writeDecimal, writeIPv4, writeIPv6, writeKey } from './text.js'
import { TIMESPEC_LENGTH } from './timespec.js'

// Not a Buffer, which would make every access of the readers polymorphic.
const NOTHING = new Uint8Array(0)
const MINIMUM_PAYLOAD: readonly (number | undefined)[] = payloadLengths()
const SLASH = 0x2f
// The kernel fills datagrams of 32 KiB when it may (af_netlink.c).
const USUAL_LENGTH = 32 * 1024

/**
 * Decodes lists of peers. The first pass checks every length, writes the text of all keys, addresses and ranges as ASCII into
 * one arena and notes where everything is; the arena is then decoded once and the second pass makes the peers, their strings
 * slices of that one. A third of the time of one conversion per key. Preshared keys are copied to one slab of raw bytes: no
 * secret is ever text that others share.
 */
export class PeerListDecoder {
  #arena = Buffer.alloc(0)
  #records = new Int32Array(0)
  #ranges = new Int32Array(0)
  #at = 0
  #peers = 0
  #allowedIPs = 0
  #presharedKeys = 0
  readonly #entry = new AttributeReader(NOTHING)
  readonly #attribute = new AttributeReader(NOTHING)
  readonly #range = new AttributeReader(NOTHING)
  readonly #rangeAttribute = new AttributeReader(NOTHING)

  /**
   * The entries of the attribute WGDEVICE_A_PEERS. Their strings are slices of one text, which lives as long as any of them; with
   * `ownText` every string is its own, for those who drop most of them: it takes half as long again.
   *
   * @throws {MalformedMessageError}
   */
  decode(list: AttributeReader, zones: Zones, ownText = false): DecodedPeer[] {
    this.#makeRoom(list.length)
    const entry = list.nested(this.#entry)
    while (entry.next()) this.#writePeer(entry)
    const found = {
      records: this.#records,
      peers: this.#peers,
      presharedKeys: this.#presharedKeys,
      ranges: this.#ranges,
      allowedIPs: this.#allowedIPs,
      text: ownText ? new OwnText(this.#arena) : this.#arena.toString('latin1', 0, this.#at),
    }
    return makePeers(found, list.view, zones)
  }

  #makeRoom(length: number): void {
    // At once, not record by record: a call of fill costs more than what it clears.
    this.#records.fill(0, 0, RECORD * (this.#peers + 1))
    this.#at = this.#peers = this.#allowedIPs = this.#presharedKeys = 0
    if (this.#arena.length >= 2 * length) return
    length = Math.max(length, USUAL_LENGTH)
    // An entry has at least a key (40 bytes for 44 characters), a range at least 25 bytes for 18 characters or 37 for 43, an
    // endpoint 20 for 15 or 32 for 39: text is at most a quarter longer than its bytes.
    this.#arena = Buffer.alloc(2 * length)
    this.#records = new Int32Array(RECORD * Math.ceil(length / 40))
    this.#ranges = new Int32Array(2 * Math.ceil(length / 25))
  }

  #writePeer(entry: AttributeReader): void {
    const record = RECORD * this.#peers
    const records = this.#records
    const attribute = entry.nested(this.#attribute)
    if (record + RECORD > records.length)
      throw new MalformedMessageError('a peer without a public key', entry.start)
    while (attribute.next()) {
      const { type, start } = attribute
      const minimum = MINIMUM_PAYLOAD[type]
      if (minimum === undefined) continue
      attribute.need(minimum)
      if (type === WGPEER_A_ALLOWEDIPS) {
        records[record + ALLOWED_START] = this.#allowedIPs
        this.#writeAllowedIPs(attribute)
        records[record + ALLOWED_END] = this.#allowedIPs
      } else if (type === WGPEER_A_ENDPOINT) {
        records[record + HOST_START] = this.#at
        records[record + type] = this.#writeHost(attribute) ? start : 0
        records[record + HOST_END] = this.#at
      } else {
        records[record + type] = start
      }
    }
    const key = records[record + WGPEER_A_PUBLIC_KEY]!
    if (key === 0) throw new MalformedMessageError('a peer without a public key', entry.start)
    // Where the text of the key is replaces where its bytes are.
    records[record + WGPEER_A_PUBLIC_KEY] = this.#at
    this.#at = writeKey(this.#arena, this.#at, entry.source, key)
    const preshared = records[record + WGPEER_A_PRESHARED_KEY]!
    if (preshared !== 0) {
      // All zeros: none is set.
      if (isZeroKey(entry.view, preshared)) records[record + WGPEER_A_PRESHARED_KEY] = 0
      else this.#presharedKeys++
    }
    this.#peers++
  }

  /** False: an address family that this decoder does not know; the endpoint is as good as none. */
  #writeHost(attribute: AttributeReader): boolean {
    const family = attribute.u16()
    if (family === AF_INET) {
      this.#at = writeIPv4(this.#arena, this.#at, attribute.source, attribute.start + 4)
    } else if (family === AF_INET6) {
      attribute.need(SOCKADDR_IN6_LENGTH)
      this.#at = writeIPv6(this.#arena, this.#at, attribute.source, attribute.start + 8)
    } else {
      return false
    }
    return true
  }

  #writeAllowedIPs(list: AttributeReader): void {
    const arena = this.#arena
    const entry = list.nested(this.#range)
    while (entry.next()) {
      let family = 0
      let prefixLength = -1
      let address = 0
      let addressLength = 0
      const attribute = entry.nested(this.#rangeAttribute)
      while (attribute.next()) {
        if (attribute.type === WGALLOWEDIP_A_FAMILY) family = attribute.u16()
        else if (attribute.type === WGALLOWEDIP_A_CIDR_MASK) prefixLength = attribute.u8()
        else if (attribute.type === WGALLOWEDIP_A_IPADDR) {
          address = attribute.start
          addressLength = attribute.length
        }
      }
      const start = this.#at
      let at: number
      if (family === AF_INET && addressLength === 4 && prefixLength >= 0 && prefixLength <= 32) {
        at = writeIPv4(arena, start, entry.source, address)
      } else if (
        family === AF_INET6 &&
        addressLength === 16 &&
        prefixLength >= 0 &&
        prefixLength <= 128
      ) {
        at = writeIPv6(arena, start, entry.source, address)
      } else {
        throw new MalformedMessageError(
          'an allowed ip without family, address or prefix length',
          entry.start,
        )
      }
      arena[at] = SLASH
      at = writeDecimal(arena, at + 1, prefixLength)
      this.#ranges[2 * this.#allowedIPs] = start
      this.#ranges[2 * this.#allowedIPs + 1] = at
      this.#allowedIPs++
      this.#at = at
    }
  }
}

/** A text every slice of which is a string of its own. */
class OwnText implements Sliceable {
  readonly #arena: Buffer

  constructor(arena: Buffer) {
    this.#arena = arena
  }

  slice(start: number, end: number): string {
    return this.#arena.toString('latin1', start, end)
  }
}

function isZeroKey(view: DataView, at: number): boolean {
  for (let i = 0; i < WG_KEY_LEN; i += 4) if (view.getUint32(at + i) !== 0) return false
  return true
}

/** The least payload of each attribute that is read; `undefined`: skipped. */
function payloadLengths(): (number | undefined)[] {
  const lengths: (number | undefined)[] = []
  lengths[WGPEER_A_PUBLIC_KEY] = WG_KEY_LEN
  lengths[WGPEER_A_PRESHARED_KEY] = WG_KEY_LEN
  lengths[WGPEER_A_ENDPOINT] = SOCKADDR_IN_LENGTH
  lengths[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL] = 2
  lengths[WGPEER_A_LAST_HANDSHAKE_TIME] = TIMESPEC_LENGTH
  lengths[WGPEER_A_RX_BYTES] = 8
  lengths[WGPEER_A_TX_BYTES] = 8
  lengths[WGPEER_A_ALLOWEDIPS] = 0
  lengths[WGPEER_A_PROTOCOL_VERSION] = 4
  return lengths
}
