import { constants } from 'node:os'

/**
 * The status of an operation: 0, or a negated errno of this system as wireguard-go sends it
 * (ipc/uapi_unix.go).
 */
export type Errno = number

/** Done. */
export const OK: Errno = 0
/** A line that is too long. */
export const IO: Errno = -constants.errno.EIO
/** A key or a value that is not acceptable, or too many peers. */
export const INVALID: Errno = -constants.errno.EINVAL
/** A line without `=`. */
export const PROTOCOL: Errno = -constants.errno.EPROTO
/** The listen port is taken. */
export const PORT_IN_USE: Errno = -constants.errno.EADDRINUSE
