import { AttributeReader } from '../../netlink/attribute-reader.js'
import { NLMSG_HDRLEN } from '../../netlink/constants.js'
import { GENL_HDRLEN } from '../../genl/constants.js'
import * as constants from '../constants.js'
import { WGDEVICE_A_PEERS, WGPEER_A_ALLOWEDIPS } from '../constants.js'

// The names of <linux/wireguard.h> by attribute type.
const DEVICE = namesByType('WGDEVICE_A_')
const PEER = namesByType('WGPEER_A_')
const ALLOWED_IP = namesByType('WGALLOWEDIP_A_')

/**
 * Returns the kernel's names for the place in a request that it rejected:
 * `WGDEVICE_A_PEERS[0].WGPEER_A_ENDPOINT`. `undefined` if no attribute begins there.
 *
 * @param payload genlmsghdr and attributes, as sent
 * @param offset from the start of the nlmsghdr, as in NLMSGERR_ATTR_OFFS
 */
export function attributeName(payload: Uint8Array, offset: number): string | undefined {
  const at = offset - NLMSG_HDRLEN
  if (at < GENL_HDRLEN || at >= payload.length) return undefined
  const device = find(new AttributeReader(payload, GENL_HDRLEN), at)
  if (device === undefined) return undefined
  const name = nameOf(DEVICE, device.reader.type)
  if (device.exact || device.reader.type !== WGDEVICE_A_PEERS) return name
  return `${name}${entryName(device.reader.nested(), at, PEER, WGPEER_A_ALLOWEDIPS)}`
}

/** Returns the name of a place inside a list of nests: `[3].WGPEER_A_ENDPOINT`. */
function entryName(
  list: AttributeReader,
  at: number,
  attributes: readonly string[],
  nested: number,
): string {
  const entry = find(list, at)
  if (entry === undefined) return ''
  const place = `[${entry.position}]`
  const attribute = entry.exact ? undefined : find(entry.reader.nested(), at)
  if (attribute === undefined) return place
  const name = `${place}.${nameOf(attributes, attribute.reader.type)}`
  if (attribute.exact || attribute.reader.type !== nested) return name
  return `${name}${entryName(attribute.reader.nested(), at, ALLOWED_IP, -1)}`
}

/** Returns the attribute that begins at an offset or contains it. */
function find(
  reader: AttributeReader,
  at: number,
): { reader: AttributeReader; position: number; exact: boolean } | undefined {
  for (let position = 0; reader.next(); position++) {
    const header = reader.start - 4
    if (at < header) return undefined
    if (at < reader.end) return { reader, position, exact: at === header }
  }
  return undefined
}

function nameOf(known: readonly string[], type: number): string {
  return known[type] ?? `attribute ${type}`
}

function namesByType(prefix: string): string[] {
  const names: string[] = []
  for (const [name, type] of Object.entries(constants)) {
    if (name.startsWith(prefix) && typeof type === 'number') names[type] = name
  }
  return names
}
