import { isZero, LITTLE_ENDIAN } from '../netlink/endian.js'
import { MalformedMessageError } from '../netlink/malformed.js'

/** Length of struct __kernel_timespec: two 64-bit fields on every architecture. */
export const TIMESPEC_LENGTH = 16

// The range of Date (ECMA-262, "Time Values and Time Range").
const MAX_MILLISECONDS = 8.64e15

/**
 * A time of day; `undefined` when both fields are 0, which means never.
 *
 * `struct __kernel_timespec { __kernel_time64_t tv_sec; long long tv_nsec; };` in host byte order.
 *
 * @throws {MalformedMessageError} when it is out of the range of Date
 */
export function decodeTimespec(view: DataView, at: number): Date | undefined {
  if (isZero(view, at, TIMESPEC_LENGTH)) return undefined
  // Seconds reach 2^32 in 2106; the high words are read all the same.
  const low = LITTLE_ENDIAN ? at : at + 4
  const high = LITTLE_ENDIAN ? at + 4 : at
  const seconds =
    view.getInt32(high, LITTLE_ENDIAN) * 0x1_0000_0000 + view.getUint32(low, LITTLE_ENDIAN)
  const nanoseconds =
    view.getInt32(high + 8, LITTLE_ENDIAN) * 0x1_0000_0000 + view.getUint32(low + 8, LITTLE_ENDIAN)
  const milliseconds = seconds * 1000 + Math.floor(nanoseconds / 1e6)
  if (Math.abs(milliseconds) > MAX_MILLISECONDS) {
    throw new MalformedMessageError('a time out of the range of Date', at)
  }
  return new Date(milliseconds)
}
