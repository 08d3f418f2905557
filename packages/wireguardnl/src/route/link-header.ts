import { LITTLE_ENDIAN, viewOf } from '../netlink/endian.js'
import { IFF_UP, IFINFOMSG_LENGTH } from './constants.js'

/** The fields of struct ifinfomsg that a request chooses. */
export interface LinkHeader {
  /** Which link; 0: the one that the attributes name, or a new one. */
  readonly index?: number | undefined
  /** Whether it is to be up; absent: as it is. */
  readonly up?: boolean | undefined
}

/**
 * `struct ifinfomsg`: `ifi_family` (u8), pad (u8), `ifi_type` (u16), `ifi_index` (s32), `ifi_flags` (u32), `ifi_change` (u32, which
 * flags are meant).
 */
export function encodeLinkHeader({ index = 0, up }: LinkHeader = {}): Uint8Array {
  const header = new Uint8Array(IFINFOMSG_LENGTH)
  const view = viewOf(header)
  view.setInt32(4, index, LITTLE_ENDIAN)
  if (up !== undefined) {
    view.setUint32(8, up ? IFF_UP : 0, LITTLE_ENDIAN)
    view.setUint32(12, IFF_UP, LITTLE_ENDIAN)
  }
  return header
}
