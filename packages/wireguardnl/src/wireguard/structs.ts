import { AF_INET, AF_INET6 } from '../netlink/constants.js'
import { type Endpoint, parseIP, WireGuardError } from 'wireguardcfg'
import { isZero, LITTLE_ENDIAN, viewOf } from '../netlink/endian.js'
import { MalformedMessageError } from '../netlink/malformed.js'

/** Length of struct sockaddr_in. */
export const SOCKADDR_IN_LENGTH = 16
/** Length of struct sockaddr_in6. It is a multiple of 4, so it needs no padding. */
export const SOCKADDR_IN6_LENGTH = 28

/**
 * Names and indexes of the interfaces in the network namespace of a device: the zones of endpoints.
 */
export interface Zones {
  /** Returns the index of an interface; 0 if there is none of this name. */
  index(name: string): number
  /** Returns the name of an interface; `undefined` if there is none of this index. */
  name(index: number): string | undefined
}

/**
 * Encodes an endpoint for the kernel. Its zone is the name of an interface, or its index.
 *
 * - `struct sockaddr_in`: u16 family in host order, u16 port in network order, 4 bytes of address,
 *   8 zeros
 * - `struct sockaddr_in6`: u16 family, u16 port, u32 flow info, 16 bytes of address, u32 scope id
 *   in host order
 *
 * @throws WireGuardError `EINVAL` when the zone names no interface
 */
export function encodeSockaddr({ host, port }: Endpoint, zones: Zones): Uint8Array {
  const percent = host.indexOf('%')
  const address = parseIP(percent < 0 ? host : host.slice(0, percent))
  if (address === undefined) {
    throw new WireGuardError('endpoint host: expected an IPv4 or IPv6 address', { code: 'EINVAL' })
  }
  const v6 = address.length === 16
  const bytes = new Uint8Array(v6 ? SOCKADDR_IN6_LENGTH : SOCKADDR_IN_LENGTH)
  bytes[LITTLE_ENDIAN ? 0 : 1] = v6 ? AF_INET6 : AF_INET
  bytes[2] = port >> 8
  bytes[3] = port
  bytes.set(address, v6 ? 8 : 4)
  if (v6 && percent >= 0) {
    viewOf(bytes).setUint32(24, zoneIndex(host.slice(percent + 1), zones), LITTLE_ENDIAN)
  }
  return bytes
}

/** Reads the port of the sockaddr_in or sockaddr_in6 at `at`. */
export function decodePort(view: DataView, at: number): number {
  return view.getUint16(at + 2)
}

/**
 * Returns the zone of the sockaddr_in6 at `at` with its `%`, or an empty text. The zone is the name
 * of the interface for a link-local address. It is the index for any other address, and if no
 * interface has the index, as in getnameinfo(3) of glibc.
 */
export function decodeZone(view: DataView, at: number, zones: Zones): string {
  const scope = view.getUint32(at + 24, LITTLE_ENDIAN)
  if (scope === 0) return ''
  const prefix = view.getUint16(at + 8)
  // fe80::/10 and the link-local multicast ff02::/16.
  const linkLocal = (prefix & 0xffc0) === 0xfe80 || (prefix & 0xff0f) === 0xff02
  return `%${(linkLocal ? zones.name(scope) : undefined) ?? scope}`
}

function zoneIndex(zone: string, zones: Zones): number {
  const index = zones.index(zone)
  if (index > 0) return index
  const number = /^[0-9]{1,10}$/.test(zone) ? Number(zone) : 0
  if (number > 0 && number <= 0xffff_ffff) return number
  throw new WireGuardError(`endpoint zone ${JSON.stringify(zone)}: no interface of this name`, {
    code: 'EINVAL',
  })
}

/** Length of struct __kernel_timespec: two 64-bit fields on every architecture. */
export const TIMESPEC_LENGTH = 16

// The range of Date (ECMA-262, "Time Values and Time Range").
const MAX_MILLISECONDS = 8.64e15

/**
 * Reads a time of day; `undefined` when both fields are 0, which means never.
 *
 * `struct __kernel_timespec { __kernel_time64_t tv_sec; long long tv_nsec; };` in host byte order.
 *
 * @throws {MalformedMessageError} when it is outside the range of Date
 */
export function decodeTimespec(view: DataView, at: number): Date | undefined {
  if (isZero(view, at, TIMESPEC_LENGTH)) return undefined
  // Seconds reach 2^32 in 2106, but the high words are read anyway.
  const low = LITTLE_ENDIAN ? at : at + 4
  const high = LITTLE_ENDIAN ? at + 4 : at
  const seconds =
    view.getInt32(high, LITTLE_ENDIAN) * 0x1_0000_0000 + view.getUint32(low, LITTLE_ENDIAN)
  const nanoseconds =
    view.getInt32(high + 8, LITTLE_ENDIAN) * 0x1_0000_0000 + view.getUint32(low + 8, LITTLE_ENDIAN)
  const milliseconds = seconds * 1000 + Math.floor(nanoseconds / 1e6)
  if (Math.abs(milliseconds) > MAX_MILLISECONDS) {
    throw new MalformedMessageError('a time outside the range of Date', at)
  }
  return new Date(milliseconds)
}
