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
 * One entry of a list of peers. An entry that continues the last peer of the previous message has
 * the same public key, more allowed IPs, and all other fields unset.
 */
export interface DecodedPeer extends Peer {
  allowedIPs: AllowedIP[]
}

/** A string, or an object that is sliced like one. */
export interface Sliceable {
  slice(start: number, end: number): string
}

/**
 * The last pass. Creates the peers that were found in a datagram. Their strings are slices of the
 * text, and their preshared keys share memory.
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
  for (let record = 0; record < RECORD * found.peerCount; record += RECORD) {
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
      // A slice has no spare capacity, which `push` would have added.
      allowedIPs: allowedIPs.slice(records[record + ALLOWED_START], records[record + ALLOWED_END]),
      // 1 is the only version so far.
      protocolVersion: version === 0 ? 1 : view.getUint32(version, LITTLE_ENDIAN),
    })
  }
  return peers
}

/** Creates the allowed IPs of all peers. */
function buildAllowedIPs({ allowedIPs, allowedIPCount }: PeerTable, text: Sliceable): string[] {
  const list: string[] = []
  for (let i = 0; i < 2 * allowedIPCount; i += 2)
    list.push(text.slice(allowedIPs[i]!, allowedIPs[i + 1]!))
  return list
}

function withZone(host: string, view: DataView, at: number, zones: Zones): string {
  if (view.getUint16(at, LITTLE_ENDIAN) !== AF_INET6) return host
  const zone = decodeZone(view, at, zones)
  return zone === '' ? host : host + zone
}

/**
 * Greatest length of a slab of keys: about the length of the text of a datagram, which a single
 * kept string keeps in memory as well.
 */
const MAX_SLAB_LENGTH = 512 * WG_KEY_LEN

/**
 * Memory that preshared keys share. One array per datagram would take a tenth of the time of a
 * read, because V8 allocates such arrays outside its heap.
 */
export class PresharedKeySlab {
  #bytes = new Uint8Array(0)
  #view = viewOf(this.#bytes)
  #used = 0

  /** Copies the 32 bytes at `at`. The caller has checked that they exist. */
  copy(source: DataView, at: number): SecretKey {
    const start = this.#used
    if (start === this.#bytes.length) return this.#copyToNext(source, at)
    const target = this.#view
    // No subarray here: it would cost more than the copy.
    for (let i = 0; i < WG_KEY_LEN; i += 8) {
      target.setInt32(start + i, source.getInt32(at + i))
      target.setInt32(start + i + 4, source.getInt32(at + i + 4))
    }
    this.#used = start + WG_KEY_LEN
    return SecretKey.view(this.#bytes, start)
  }

  #copyToNext(source: DataView, at: number): SecretKey {
    // Small at first, because most devices have few peers.
    const length = Math.min(Math.max(2 * this.#bytes.length, 4 * WG_KEY_LEN), MAX_SLAB_LENGTH)
    this.#bytes = new Uint8Array(length)
    this.#view = viewOf(this.#bytes)
    this.#used = 0
    return this.copy(source, at)
  }
}
