/**
 * A message that breaks the rules of <linux/netlink.h>: a length that runs past the message, an
 * attribute too short for its type.
 *
 * Never thrown for an unknown type, which is skipped. Contains no bytes of the message, which may
 * hold keys.
 */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError'
  /** The POSIX code, as in Node's own errors. */
  readonly code = 'EPROTO'
  /** Offset of the fault in the datagram, in bytes. */
  readonly offset: number

  constructor(what: string, offset: number) {
    super(`malformed netlink message at byte ${offset}: ${what}`)
    this.offset = offset
  }
}
