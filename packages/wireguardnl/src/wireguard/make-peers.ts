import { type AllowedIP, type Peer, SecretKey } from 'wireguardcfg'
import { LITTLE_ENDIAN, readU64, viewOf } from '../netlink/endian.js'
import {
  AF_INET6,
  WG_KEY_LEN,
  WGPEER_A_ENDPOINT,
  WGPEER_A_LAST_HANDSHAKE_TIME,
  WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
  WGPEER_A_PRESHARED_KEY,
  WGPEER_A_PROTOCOL_VERSION,
  WGPEER_A_RX_BYTES,
  WGPEER_A_TX_BYTES,
} from './constants.js'
import {
  ALLOWED_END,
  ALLOWED_START,
  type FoundPeers,
  HOST_END,
  HOST_START,
  KEY_TEXT,
  RECORD,
} from './found-peers.js'
import { decodePort, decodeZone, type Zones } from './sockaddr.js'
import { KEY_TEXT_LENGTH } from './text.js'
import { decodeTimespec } from './timespec.js'

/**
 * One entry of a list of peers. An entry that continues the last one of the message before has the same public key, more
 * allowed IPs, and every other field as if it were not set.
 */
export interface DecodedPeer extends Peer {
  allowedIPs: AllowedIP[]
}

/** A string, or what is cut like one. */
export interface Sliceable {
  slice(start: number, end: number): string
}

/**
 * The last pass: makes the peers that were found in a datagram. Their strings are slices of the text; their preshared keys share one
 * copy.
 */
export function makePeers(
  found: FoundPeers,
  text: Sliceable,
  view: DataView,
  zones: Zones,
): DecodedPeer[] {
  const { records, ranges } = found
  const slab = new Uint8Array(WG_KEY_LEN * found.presharedKeys)
  const slabView = viewOf(slab)
  let slabEnd = 0
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
    let presharedKey: SecretKey | undefined
    if (preshared !== 0) {
      copyKey(view, preshared, slabView, slabEnd)
      presharedKey = SecretKey.view(slab, slabEnd)
      slabEnd += WG_KEY_LEN
    }
    peers.push({
      publicKey: text.slice(key, key + KEY_TEXT_LENGTH),
      presharedKey,
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
      allowedIPs: makeAllowedIPs(
        text,
        ranges,
        records[record + ALLOWED_START]!,
        records[record + ALLOWED_END]!,
      ),
      // 1 is the only one there is.
      protocolVersion: version === 0 ? 1 : view.getUint32(version, LITTLE_ENDIAN),
    })
  }
  return peers
}

function makeAllowedIPs(text: Sliceable, ranges: Int32Array, start: number, end: number): string[] {
  // Literals are as long as they need to be. Most peers have one or two.
  if (end - start === 1) return [text.slice(ranges[2 * start]!, ranges[2 * start + 1]!)]
  if (end - start === 2) {
    return [
      text.slice(ranges[2 * start]!, ranges[2 * start + 1]!),
      text.slice(ranges[2 * start + 2]!, ranges[2 * start + 3]!),
    ]
  }
  const list: string[] = []
  for (let i = start; i < end; i++) list.push(text.slice(ranges[2 * i]!, ranges[2 * i + 1]!))
  // A copy has no room to spare, which pushing has added.
  return list.slice()
}

/** Without a subarray, which would cost more than the copy. */
function copyKey(source: DataView, from: number, target: DataView, to: number): void {
  for (let i = 0; i < WG_KEY_LEN; i += 4) target.setUint32(to + i, source.getUint32(from + i))
}

function withZone(host: string, view: DataView, at: number, zones: Zones): string {
  if (view.getUint16(at, LITTLE_ENDIAN) !== AF_INET6) return host
  const zone = decodeZone(view, at, zones)
  return zone === '' ? host : host + zone
}
