/**
 * Bytes that are not what <linux/netlink.h> says: a length that runs past the message, an attribute
 * too short for its type.
 *
 * Never thrown for an unknown type, which is skipped. Carries no bytes: a message may hold keys.
 */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError'
  /** The code that Node users check. */
  readonly code = 'EPROTO'
  /** Where in the datagram the fault is, in bytes. */
  readonly offset: number

  constructor(what: string, offset: number) {
    super(`malformed netlink message at byte ${offset}: ${what}`)
    this.offset = offset
  }
}
