import { AF_INET6 } from '../../netlink/constants.js'
import { type AllowedIP, type Peer, SecretKey } from 'wireguardcfg'
import { LITTLE_ENDIAN, readU64, viewOf } from '../../netlink/endian.js'
import {
  WG_KEY_LEN,
  WGPEER_A_ENDPOINT,
  WGPEER_A_LAST_HANDSHAKE_TIME,
  WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
  WGPEER_A_PRESHARED_KEY,
  WGPEER_A_PROTOCOL_VERSION,
  WGPEER_A_RX_BYTES,
  WGPEER_A_TX_BYTES,
} from '../constants.js'
import { decodePort, decodeTimespec, decodeZone, type Zones } from '../structs.js'
import { KEY_TEXT_LENGTH } from './ascii.js'
import {
  ALLOWED_END,
  ALLOWED_START,
  type PeerTable,
  HOST_END,
  HOST_START,
  KEY_TEXT,
  RECORD,
} from './table.js'

/**
 * One entry of a list of peers. An entry that continues the last one of the message before has the
 * same public key, more allowed IPs, and every other field as if it were not set.
 */
export interface DecodedPeer extends Peer {
  allowedIPs: AllowedIP[]
}

/** A string, or what is cut like one. */
export interface Sliceable {
  slice(start: number, end: number): string
}

/**
 * The last pass: makes the peers that were found in a datagram. Their strings are slices of the
 * text; their preshared keys share memory.
 */
export function buildPeers(
  found: PeerTable,
  text: Sliceable,
  view: DataView,
  zones: Zones,
  slab: PresharedKeySlab,
): DecodedPeer[] {
  const { records } = found
  const allowedIPs = buildAllowedIPs(found, text)
  const peers: DecodedPeer[] = []
  for (let record = 0; record < RECORD * found.peers; record += RECORD) {
    const key = records[record + KEY_TEXT]!
    const preshared = records[record + WGPEER_A_PRESHARED_KEY]!
    const endpoint = records[record + WGPEER_A_ENDPOINT]!
    const keepalive = records[record + WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]!
    const handshake = records[record + WGPEER_A_LAST_HANDSHAKE_TIME]!
    const receive = records[record + WGPEER_A_RX_BYTES]!
    const transmit = records[record + WGPEER_A_TX_BYTES]!
    const version = records[record + WGPEER_A_PROTOCOL_VERSION]!
    peers.push({
      publicKey: text.slice(key, key + KEY_TEXT_LENGTH),
      presharedKey: preshared === 0 ? undefined : slab.copy(view, preshared),
      endpoint:
        endpoint === 0
          ? undefined
          : {
              host: withZone(
                text.slice(records[record + HOST_START]!, records[record + HOST_END]!),
                view,
                endpoint,
                zones,
              ),
              port: decodePort(view, endpoint),
            },
      persistentKeepalive: keepalive === 0 ? 0 : view.getUint16(keepalive, LITTLE_ENDIAN),
      lastHandshake: handshake === 0 ? undefined : decodeTimespec(view, handshake),
      receiveBytes: receive === 0 ? 0 : readU64(view, receive),
      transmitBytes: transmit === 0 ? 0 : readU64(view, transmit),
      // A slice has no room to spare, which pushing would have added.
      allowedIPs: allowedIPs.slice(records[record + ALLOWED_START], records[record + ALLOWED_END]),
      // 1 is the only one there is.
      protocolVersion: version === 0 ? 1 : view.getUint32(version, LITTLE_ENDIAN),
    })
  }
  return peers
}

/** Those of all peers. */
function buildAllowedIPs({ ranges, allowedIPs }: PeerTable, text: Sliceable): string[] {
  const list: string[] = []
  for (let i = 0; i < 2 * allowedIPs; i += 2) list.push(text.slice(ranges[i]!, ranges[i + 1]!))
  return list
}

function withZone(host: string, view: DataView, at: number, zones: Zones): string {
  if (view.getUint16(at, LITTLE_ENDIAN) !== AF_INET6) return host
  const zone = decodeZone(view, at, zones)
  return zone === '' ? host : host + zone
}

/** Keys of one array: as much as the text of a datagram, which one kept string keeps as well. */
const LENGTH = 512 * WG_KEY_LEN

/**
 * Memory that preshared keys share. An array for each datagram would be a tenth of the time of a
 * read: they are not made on V8's heap.
 */
export class PresharedKeySlab {
  #bytes = new Uint8Array(0)
  #view = viewOf(this.#bytes)
  #used = 0

  /** Copies the 32 bytes at `at`, whose place the caller has checked. */
  copy(source: DataView, at: number): SecretKey {
    const start = this.#used
    if (start === this.#bytes.length) return this.#copyToNext(source, at)
    const target = this.#view
    // Without a subarray, which would cost more than the copy.
    for (let i = 0; i < WG_KEY_LEN; i += 8) {
      target.setInt32(start + i, source.getInt32(at + i))
      target.setInt32(start + i + 4, source.getInt32(at + i + 4))
    }
    this.#used = start + WG_KEY_LEN
    return SecretKey.view(this.#bytes, start)
  }

  #copyToNext(source: DataView, at: number): SecretKey {
    // Small at first: most devices have few peers.
    const length = Math.min(Math.max(2 * this.#bytes.length, 4 * WG_KEY_LEN), LENGTH)
    this.#bytes = new Uint8Array(length)
    this.#view = viewOf(this.#bytes)
    this.#used = 0
    return this.copy(source, at)
  }
}
