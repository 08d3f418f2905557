import { constants } from 'node:os'

/**
 * The status of an operation: 0, or a negative errno of this system, as wireguard-go sends it
 * (ipc/uapi_unix.go).
 */
export type Errno = number

/** The operation succeeded. */
export const OK: Errno = 0
/** A line is too long. */
export const IO: Errno = -constants.errno.EIO
/** A key or a value is invalid, or there are too many peers. */
export const INVALID: Errno = -constants.errno.EINVAL
/** A line has no `=`. */
export const PROTOCOL: Errno = -constants.errno.EPROTO
/** The listen port is in use. */
export const PORT_IN_USE: Errno = -constants.errno.EADDRINUSE
