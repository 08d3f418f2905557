import { isWireGuardError } from 'wireguardcfg'
import { errorCode } from 'wireguardcfg/internal'

/** The texts of strerror(3) on Linux for the errors that wg(8) can meet. */
const TEXTS: Readonly<Record<string, string>> = {
  E2BIG: 'Argument list too long',
  EACCES: 'Permission denied',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAFNOSUPPORT: 'Address family not supported by protocol',
  EAGAIN: 'Resource temporarily unavailable',
  EBADF: 'Bad file descriptor',
  EBUSY: 'Device or resource busy',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  ECONNABORTED: 'Software caused connection abort',
  EDQUOT: 'Disk quota exceeded',
  EEXIST: 'File exists',
  EFBIG: 'File too large',
  EHOSTUNREACH: 'No route to host',
  EINTR: 'Interrupted system call',
  EINVAL: 'Invalid argument',
  EIO: 'Input/output error',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  EMFILE: 'Too many open files',
  EMSGSIZE: 'Message too long',
  ENAMETOOLONG: 'File name too long',
  ENFILE: 'Too many open files in system',
  ENOBUFS: 'No buffer space available',
  ENODEV: 'No such device',
  ENOENT: 'No such file or directory',
  ENOMEM: 'Cannot allocate memory',
  ENOSPC: 'No space left on device',
  ENOSYS: 'Function not implemented',
  ENOTCONN: 'Transport endpoint is not connected',
  ENOTDIR: 'Not a directory',
  ENOTSOCK: 'Socket operation on non-socket',
  ENOTSUP: 'Operation not supported',
  ENXIO: 'No such device or address',
  EOPNOTSUPP: 'Operation not supported',
  EOVERFLOW: 'Value too large for defined data type',
  EPERM: 'Operation not permitted',
  EPIPE: 'Broken pipe',
  EPROTO: 'Protocol error',
  EPROTONOSUPPORT: 'Protocol not supported',
  ERANGE: 'Numerical result out of range',
  EROFS: 'Read-only file system',
  ESPIPE: 'Illegal seek',
  ESTALE: 'Stale file handle',
  ETIMEDOUT: 'Connection timed out',
  ETXTBSY: 'Text file busy',
}

/** Returns the text of a system error: `No such device`. Others give their message or code. */
export function strerror(error: unknown): string {
  const text = systemErrorText(error)
  if (text !== undefined) return text
  return isWireGuardError(error) ? error.message : errorCode(error, 'unknown error')
}

/** Returns the text of an error that has the code of a system error. */
export function systemErrorText(error: unknown): string | undefined {
  return TEXTS[isDenied(error) ? 'EACCES' : errorCode(error, '')]
}

/**
 * Returns whether the permission of a file was missing. The library has one code, `EPERM`, for that
 * and for a missing capability; the texts of wg(8) differ.
 */
function isDenied(error: unknown): boolean {
  if (!isWireGuardError(error) || error.code !== 'EPERM') return false
  const { cause } = error
  return errorCode(cause, '') === 'EACCES' || isDenied(cause)
}
