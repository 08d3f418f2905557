import { type AttributeReader, readAttributeHeader } from '../../netlink/attribute-reader.js'
import { AF_INET, AF_INET6, NLA_HDRLEN, NLA_TYPE_MASK } from '../../netlink/constants.js'
import { isZero, LITTLE_ENDIAN } from '../../netlink/endian.js'
import { MalformedMessageError } from '../../netlink/malformed.js'
import {
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
} from '../constants.js'
import {
  ALLOWED_END,
  ALLOWED_START,
  LAST_TYPE,
  type PeerTable,
  IPV6_MARK,
  RECORD,
} from './table.js'
import { SOCKADDR_IN6_LENGTH, SOCKADDR_IN_LENGTH, TIMESPEC_LENGTH } from '../structs.js'
import {
  isUsualPeer,
  isUsualAllowedIP,
  noteUsualPeer,
  USUAL_ADDRESS,
  USUAL_PEER_LENGTH,
  usualPrefix,
} from './fast-path.js'

const SKIPPED = 0xff
const MINIMUM_PAYLOAD = payloadLengths()

/**
 * The first pass over the entries of WGDEVICE_A_PEERS. Checks every length and records the offset
 * of every attribute. Reading attributes would take most of the time of a read. Therefore this pass
 * has positions in local variables instead of readers, loops that do nothing else, and a short test
 * for the usual layout.
 *
 * @throws {MalformedMessageError}
 */
export function scanPeers({ view, start, end, length }: AttributeReader, found: PeerTable): void {
  found.reset(length)
  scanEntries(view, start, end, found)
}

/** Adds the entries of a part of such a list to a table that has room for them. */
export function scanEntries(view: DataView, start: number, end: number, found: PeerTable): void {
  for (let at = start; at < end;) {
    const entryLength = readAttributeHeader(view, at, end) & 0xffff
    scanPeer(view, at + NLA_HDRLEN, at + entryLength, found)
    at += (entryLength + 3) & ~3
  }
}

function scanPeer(view: DataView, start: number, end: number, found: PeerTable): void {
  const { records } = found
  const record = RECORD * found.peerCount
  let at = start
  if (isUsualPeer(view, start, end)) {
    noteUsualPeer(records, record, start)
    at += USUAL_PEER_LENGTH
  } else {
    records.fill(0, record, record + RECORD)
  }
  while (at < end) {
    const header = readAttributeHeader(view, at, end)
    const length = header & 0xffff
    const type = (header >>> 16) & NLA_TYPE_MASK
    const payload = at + NLA_HDRLEN
    if (type < MINIMUM_PAYLOAD.length) {
      const minimum = MINIMUM_PAYLOAD[type]!
      if (minimum !== SKIPPED) {
        if (length - NLA_HDRLEN < minimum) throw tooShort(type, length, minimum, payload)
        records[record + type] = payload
        if (type === WGPEER_A_ALLOWEDIPS) {
          records[record + ALLOWED_START] = found.allowedIPCount
          scanAllowedIPs(view, payload, at + length, found)
          records[record + ALLOWED_END] = found.allowedIPCount
        }
      }
    }
    at += (length + 3) & ~3
  }
  checkPeer(view, start, record, records)
  found.peerCount++
}

/** Makes the checks that need all attributes of a peer. */
function checkPeer(view: DataView, start: number, record: number, records: Int32Array): void {
  if (records[record + WGPEER_A_PUBLIC_KEY] === 0) {
    throw new MalformedMessageError('a peer without a public key', start)
  }
  const endpoint = records[record + WGPEER_A_ENDPOINT]!
  // Ignore endpoints of unknown address families.
  if (endpoint !== 0 && !isSockaddr(view, endpoint)) records[record + WGPEER_A_ENDPOINT] = 0
  const preshared = records[record + WGPEER_A_PRESHARED_KEY]!
  // All zeros mean that there is no key.
  if (preshared !== 0 && isZero(view, preshared, WG_KEY_LEN)) {
    records[record + WGPEER_A_PRESHARED_KEY] = 0
  }
}

function scanAllowedIPs(view: DataView, start: number, end: number, found: PeerTable): void {
  const { allowedIPs } = found
  let next = 2 * found.allowedIPCount
  for (let entry = start; entry < end;) {
    const entryLength = readAttributeHeader(view, entry, end) & 0xffff
    const entryEnd = entry + entryLength
    if (isUsualAllowedIP(view, entry, entryLength)) {
      allowedIPs[next] = entry + USUAL_ADDRESS
      allowedIPs[next + 1] = usualPrefix(view, entry, entryLength)
      next += 2
      entry += entryLength
      continue
    }
    let family = 0
    let prefixLength = -1
    let address = 0
    let addressLength = 0
    for (let at = entry + NLA_HDRLEN; at < entryEnd;) {
      const header = readAttributeHeader(view, at, entryEnd)
      const length = header & 0xffff
      const type = (header >>> 16) & NLA_TYPE_MASK
      const payload = at + NLA_HDRLEN
      if (type === WGALLOWEDIP_A_IPADDR) {
        address = payload
        addressLength = length - NLA_HDRLEN
      } else if (type === WGALLOWEDIP_A_FAMILY) {
        if (length < NLA_HDRLEN + 2) throw tooShort(type, length, 2, payload)
        family = view.getUint16(payload, LITTLE_ENDIAN)
      } else if (type === WGALLOWEDIP_A_CIDR_MASK) {
        if (length < NLA_HDRLEN + 1) throw tooShort(type, length, 1, payload)
        prefixLength = view.getUint8(payload)
      }
      at += (length + 3) & ~3
    }
    const v4 = family === AF_INET && addressLength === 4 && prefixLength <= 32
    const v6 = family === AF_INET6 && addressLength === 16 && prefixLength <= 128
    if (prefixLength < 0 || !(v4 || v6)) {
      const what = 'an allowed IP without a valid family, address or prefix length'
      throw new MalformedMessageError(what, entry + NLA_HDRLEN)
    }
    allowedIPs[next] = address
    allowedIPs[next + 1] = v6 ? prefixLength + IPV6_MARK : prefixLength
    next += 2
    entry += (entryLength + 3) & ~3
  }
  found.allowedIPCount = next / 2
}

/** Returns whether the address family is IPv4 or IPv6. */
function isSockaddr(view: DataView, at: number): boolean {
  const family = view.getUint16(at, LITTLE_ENDIAN)
  if (family !== AF_INET6) return family === AF_INET
  const length = view.getUint16(at - NLA_HDRLEN, LITTLE_ENDIAN)
  if (length - NLA_HDRLEN >= SOCKADDR_IN6_LENGTH) return true
  throw tooShort(WGPEER_A_ENDPOINT, length, SOCKADDR_IN6_LENGTH, at)
}

function tooShort(type: number, length: number, minimum: number, at: number) {
  const what = `attribute ${type} has ${length - NLA_HDRLEN} bytes, expected at least ${minimum}`
  return new MalformedMessageError(what, at)
}

/** Returns the minimum payload length of each attribute that is read, by type. */
function payloadLengths(): Uint8Array {
  const lengths = new Uint8Array(LAST_TYPE + 1).fill(SKIPPED)
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
