import { errnoName, errnoText } from '../errno.js'
import type { ExtendedAck } from './extended-ack.js'

/**
 * The source of an error: a system call on the socket, the kernel's reply to a message, or the call
 * itself, which was given up here (ETIMEDOUT, ABORT_ERR, ECANCELED).
 */
export type NetlinkErrorKind = 'syscall' | 'message' | 'call'

/** A failed exchange with the kernel. Never contains the bytes of a message, which may be keys. */
export class NetlinkError extends Error {
  override readonly name = 'NetlinkError'
  /** The POSIX name of the errno; 'ABORT_ERR' when a signal was aborted. */
  readonly code: string
  /** The positive errno; undefined for ABORT_ERR. */
  readonly errno: number | undefined
  /** The source of the error. */
  readonly kind: NetlinkErrorKind
  /** The operation, in the caller's words. */
  readonly operation: string
  /**
   * The kernel's explanation, if there is one: its text, the offset of the bad attribute, the
   * missing attribute.
   */
  readonly extendedAck: ExtendedAck | undefined

  constructor(
    message: string,
    options: {
      readonly code: string
      readonly errno?: number | undefined
      readonly kind: NetlinkErrorKind
      readonly operation: string
      readonly extendedAck?: ExtendedAck | undefined
      readonly cause?: unknown
    },
  ) {
    super(
      `${options.operation}: ${message}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = options.code
    this.errno = options.errno
    this.kind = options.kind
    this.operation = options.operation
    this.extendedAck = options.extendedAck
  }
}

/** Returns the error for an errno with which the kernel replied to a message. */
export function messageError(
  errno: number,
  operation: string,
  extendedAck?: ExtendedAck,
): NetlinkError {
  const code = errnoName(errno)
  const explanation = extendedAck?.message === undefined ? '' : ` (${extendedAck.message})`
  return new NetlinkError(`${code}, ${errnoText(errno)}${explanation}`, {
    code,
    errno,
    kind: 'message',
    operation,
    extendedAck,
  })
}

/** Returns the error for a failed system call on a netlink socket. */
export function syscallError(
  errno: number,
  operation: string,
  explanation = errnoText(errno),
): NetlinkError {
  const code = errnoName(errno)
  return new NetlinkError(`${code}, ${explanation}`, { code, errno, kind: 'syscall', operation })
}
