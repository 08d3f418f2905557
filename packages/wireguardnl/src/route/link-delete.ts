import { constants } from 'node:os'
import { AttributeWriter } from '../netlink/attribute-writer.js'
import type { Connection } from '../netlink/connection.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { messageError, NetlinkError } from '../netlink/errors.js'
import { RTM_DELLINK } from './constants.js'
import { getLink, type Link } from './link.js'
import { encodeLinkHeader } from './link-header.js'

/** Options of {@link deleteLink}. */
export interface DeleteOptions extends ExchangeOptions {
  /** Ends the dumps of the link that this process may still have open: the kernel waits for them, and cannot be interrupted. */
  readonly beforeDelete?: ((link: Link) => Promise<void>) | undefined
}

/** The link is of another kind than the one to delete. */
export class LinkKindError extends NetlinkError {
  /** Its kind; undefined: none, as for hardware. */
  readonly actual: string | undefined

  constructor(link: Link, expected: string, operation: string) {
    const kind = link.kind === undefined ? 'no kind' : `kind ${JSON.stringify(link.kind)}`
    super(`EOPNOTSUPP, a link of ${kind}, expected ${JSON.stringify(expected)}`, {
      code: 'EOPNOTSUPP',
      errno: constants.errno.EOPNOTSUPP,
      kind: 'call',
      operation,
    })
    this.actual = link.kind
  }
}

/**
 * Deletes a link of this kind, found by its name (or an alternative one). The kernel deletes whatever it is told to, so the kind is
 * looked at first, and what is deleted is the index that was looked at: a name may have gone to another link meanwhile.
 *
 * Waits as long as somebody has a dump of the link open. When it is given up, the deletion goes on in its thread.
 *
 * @throws {NetlinkError} ENODEV, EOPNOTSUPP (a LinkKindError), EPERM
 */
export async function deleteLink(
  connection: Connection,
  name: string,
  kind: string,
  { beforeDelete, ...options }: DeleteOptions = {},
): Promise<void> {
  const operation = `delete link ${JSON.stringify(name)}`
  const exchange = { ...options, operation }
  const link = await getLink(connection, name, exchange)
  if (link === undefined) throw messageError(constants.errno.ENODEV, operation)
  if (link.kind !== kind) throw new LinkKindError(link, kind, operation)
  await beforeDelete?.(link)
  await connection.request(RTM_DELLINK, 0, encodeDeleteLink(link.index), {
    ...exchange,
    send: 'thread',
  })
}

/** Payload of a RTM_DELLINK. */
export function encodeDeleteLink(index: number): Uint8Array {
  return new AttributeWriter(16).raw(encodeLinkHeader({ index })).bytes()
}
