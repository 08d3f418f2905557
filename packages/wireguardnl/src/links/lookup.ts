import { describeKind, formatInterfaceAddress } from 'wireguardcfg/internal'
import { constants } from 'node:os'
import { WireGuardError } from 'wireguardcfg'
import type { Connection } from '../netlink/connection.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { messageError } from '../netlink/errors.js'
import type { LinkAddress } from '../route/address.js'
import { getLink, type Link } from '../route/link.js'

/** Returns the link of this name. @throws {NetlinkError} ENODEV when there is none */
export async function findLink(
  connection: Connection,
  name: string,
  options: ExchangeOptions,
): Promise<Link> {
  const link = await getLink(connection, name, options)
  if (link === undefined) throw messageError(constants.errno.ENODEV, `get link "${name}"`)
  return link
}

/**
 * Returns the kind of the interface that already has a name, for an error; undefined if it no
 * longer exists.
 */
export async function findKind(
  connection: Connection,
  name: string,
  options: ExchangeOptions,
): Promise<string | undefined> {
  const link = await getLink(connection, name, options).catch(() => undefined)
  return link === undefined ? undefined : describeKind(link.kind)
}

/** Returns the address of an interface that has the same text as `wanted`. */
export function findAddress(
  addresses: readonly LinkAddress[],
  wanted: LinkAddress,
): LinkAddress | undefined {
  const text = formatInterfaceAddress(wanted)
  return addresses.find((address) => formatInterfaceAddress(address) === text)
}

/** Returns the error for an address that the interface does not have. */
export function explainMissing(
  addresses: readonly LinkAddress[],
  wanted: LinkAddress,
): WireGuardError {
  const { local } = wanted
  const similar = addresses.filter((address) => Buffer.compare(address.local, local) === 0)
  const texts = similar.map(formatInterfaceAddress).join(', ')
  return new WireGuardError('the interface does not have this address', {
    code: 'EADDRNOTAVAIL',
    detail: formatInterfaceAddress(wanted),
    hint:
      similar.length === 0 ? undefined : `Use the prefix length that the interface has: ${texts}`,
  })
}
