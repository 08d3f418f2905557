import { AF_INET } from '../../netlink/constants.js'
import { LITTLE_ENDIAN } from '../../netlink/endian.js'
import { WGPEER_A_ENDPOINT, WGPEER_A_PUBLIC_KEY } from '../constants.js'
import { type PeerTable, HOST_END, HOST_START, KEY_TEXT, IPV6_MARK, RECORD } from './table.js'
import { type Arena, writeDecimal, writeIPv4, writeIPv6, writeKey } from './ascii.js'

const SLASH = 0x2f

/**
 * The second pass. Writes the text of all keys, addresses and allowed IPs into the arena, and
 * records where each begins and ends. Returns the end of the text.
 */
export function renderPeers(found: PeerTable, view: DataView, arena: Arena): number {
  let at = writeKeys(found, view, arena)
  at = writeHosts(found, view, arena, at)
  return writeAllowedIPs(found, view, arena, at)
}

function writeKeys({ records, peerCount }: PeerTable, view: DataView, arena: Arena): number {
  let at = 0
  for (let record = 0; record < RECORD * peerCount; record += RECORD) {
    records[record + KEY_TEXT] = at
    // The text of a key has an even length, so every key begins at an even offset, as it must.
    at = writeKey(arena, at, view, records[record + WGPEER_A_PUBLIC_KEY]!)
  }
  return at
}

function writeHosts(
  { records, peerCount }: PeerTable,
  view: DataView,
  { bytes }: Arena,
  at: number,
): number {
  for (let record = 0; record < RECORD * peerCount; record += RECORD) {
    const endpoint = records[record + WGPEER_A_ENDPOINT]!
    if (endpoint === 0) continue
    records[record + HOST_START] = at
    at =
      view.getUint16(endpoint, LITTLE_ENDIAN) === AF_INET
        ? writeIPv4(bytes, at, view, endpoint + 4)
        : writeIPv6(bytes, at, view, endpoint + 8)
    records[record + HOST_END] = at
  }
  return at
}

function writeAllowedIPs(
  { allowedIPs, allowedIPCount }: PeerTable,
  view: DataView,
  { bytes }: Arena,
  at: number,
): number {
  for (let i = 0; i < 2 * allowedIPCount; i += 2) {
    const address = allowedIPs[i]!
    const prefix = allowedIPs[i + 1]!
    allowedIPs[i] = at
    at =
      prefix >= IPV6_MARK
        ? writeIPv6(bytes, at, view, address)
        : writeIPv4(bytes, at, view, address)
    bytes[at] = SLASH
    at = writeDecimal(bytes, at + 1, prefix & (IPV6_MARK - 1))
    allowedIPs[i + 1] = at
  }
  return at
}
