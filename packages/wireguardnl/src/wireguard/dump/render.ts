import { AF_INET } from '../../netlink/constants.js'
import { LITTLE_ENDIAN } from '../../netlink/endian.js'
import { WGPEER_A_ENDPOINT, WGPEER_A_PUBLIC_KEY } from '../constants.js'
import { type PeerTable, HOST_END, HOST_START, KEY_TEXT, RANGE_V6, RECORD } from './table.js'
import { type Arena, writeDecimal, writeIPv4, writeIPv6, writeKey } from './ascii.js'

const SLASH = 0x2f

/**
 * The second pass: writes the text of all keys, addresses and ranges into the arena, and notes
 * where each begins and ends. Returns where the text ends.
 */
export function renderPeers(found: PeerTable, view: DataView, arena: Arena): number {
  let at = writeKeys(found, view, arena)
  at = writeHosts(found, view, arena, at)
  return writeRanges(found, view, arena, at)
}

function writeKeys({ records, peers }: PeerTable, view: DataView, arena: Arena): number {
  let at = 0
  for (let record = 0; record < RECORD * peers; record += RECORD) {
    records[record + KEY_TEXT] = at
    // Its length is even, as each has to begin.
    at = writeKey(arena, at, view, records[record + WGPEER_A_PUBLIC_KEY]!)
  }
  return at
}

function writeHosts(
  { records, peers }: PeerTable,
  view: DataView,
  { bytes }: Arena,
  at: number,
): number {
  for (let record = 0; record < RECORD * peers; record += RECORD) {
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

function writeRanges(
  { ranges, allowedIPs }: PeerTable,
  view: DataView,
  { bytes }: Arena,
  at: number,
): number {
  for (let i = 0; i < 2 * allowedIPs; i += 2) {
    const address = ranges[i]!
    const prefix = ranges[i + 1]!
    ranges[i] = at
    at =
      prefix >= RANGE_V6 ? writeIPv6(bytes, at, view, address) : writeIPv4(bytes, at, view, address)
    bytes[at] = SLASH
    at = writeDecimal(bytes, at + 1, prefix & (RANGE_V6 - 1))
    ranges[i + 1] = at
  }
  return at
}
