// The system calls that this package makes, through koffi. The only file that loads it.
//
// Everything is an int or bytes. koffi checks no lengths, so a length is never an argument here: it
// is that of the array. errno is read at once, before anything else can run on the thread.

import type * as Koffi from 'koffi'
import type { KoffiFunc } from 'koffi'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { errnoName, errnoText } from './errno.js'

// From <bits/socket.h> and <fcntl.h>, as on every architecture that Node.js is built for on Linux.
export const AF_NETLINK = 16
export const SOCK_RAW = 3
export const SOCK_NONBLOCK = 0x800
export const SOCK_CLOEXEC = 0x80000
export const SOL_NETLINK = 270
export const MSG_TRUNC = 0x20
export const MSG_DONTWAIT = 0x40
export const O_RDONLY = 0
export const O_NOCTTY = 0x100
export const O_NONBLOCK = 0x800
export const O_CLOEXEC = 0x80000
// From <linux/sched.h> and <linux/nsfs.h>.
export const CLONE_NEWNET = 0x40000000
const NS_GET_NSTYPE = 0xb703

export const EINTR = 4
export const EAGAIN = 11

const IFNAMSIZ = 16

/** A system call failed. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError'
  /** The POSIX name of the errno, as Node's own errors have it. */
  readonly code: string
  /** The positive errno. */
  readonly errno: number
  /** The call, as in its man page. */
  readonly syscall: string

  constructor(syscall: string, errno: number, explanation = errnoText(errno)) {
    super(`${syscall}: ${errnoName(errno)}, ${explanation}`)
    this.code = errnoName(errno)
    this.errno = errno
    this.syscall = syscall
  }
}

/** socket(2). @throws {SystemCallError} */
export function socket(domain: number, type: number, protocol: number): number {
  return check('socket', libc().socket(domain, type, protocol))
}

/** bind(2) to a sockaddr given as bytes. @throws {SystemCallError} */
export function bind(fd: number, address: Uint8Array): void {
  check('bind', libc().bind(fd, address, address.byteLength))
}

/**
 * getsockname(2): fills `address` and returns the length that the kernel has. @throws
 * {SystemCallError}
 */
export function getsockname(fd: number, address: Uint8Array): number {
  const length = new Uint32Array([address.byteLength])
  check('getsockname', libc().getsockname(fd, address, length))
  return length[0]!
}

/** setsockopt(2) of an option that is an int. @throws {SystemCallError} */
export function setsockopt(fd: number, level: number, option: number, value: number): void {
  const int = new Int32Array([value])
  check('setsockopt', libc().setsockopt(fd, level, option, int, int.byteLength))
}

/**
 * send(2): the number of bytes sent, or the errno negated. Throws nothing: EAGAIN is an everyday
 * answer.
 */
export function send(fd: number, bytes: Uint8Array, flags: number): number {
  const sent = libc().send(fd, bytes, bytes.byteLength, flags)
  return sent < 0 ? -libc().errno() : sent
}

/**
 * send(2) in a thread of the pool, for calls in which the kernel works for long. The bytes must not
 * change, and the descriptor must not be closed, until the promise resolves: to the number of bytes
 * sent, or to the errno negated.
 */
export function sendAsync(fd: number, bytes: Uint8Array, flags: number): Promise<number> {
  return new Promise((resolve, reject) => {
    libc().send.async(fd, bytes, bytes.byteLength, flags, (error: unknown, sent: number) => {
      // The errno of the thread is handed over for the duration of this callback only.
      if (error === null || error === undefined) resolve(sent < 0 ? -libc().errno() : sent)
      else reject(new Error('send: koffi could not make the call', { cause: error }))
    })
  })
}

/**
 * recv(2): the number of bytes received (with MSG_TRUNC: there were), or the errno negated. Throws
 * nothing.
 */
export function recv(fd: number, bytes: Uint8Array, flags: number): number {
  const received = libc().recv(fd, bytes, bytes.byteLength, flags)
  return received < 0 ? -libc().errno() : received
}

/** close(2). The descriptor is gone whatever the result, as Linux defines it, also after EINTR. */
export function close(fd: number): void {
  libc().close(fd)
}

/** open(2) without creating. @throws {SystemCallError} */
export function open(path: string, flags: number): number {
  if (path.includes('\0')) throw new SystemCallError('open', constants.errno.EINVAL)
  return check('open', libc().open(path, flags))
}

/** setns(2): moves the calling thread, and no other, into a namespace. @throws {SystemCallError} */
export function setns(fd: number, type: number): void {
  check('setns', libc().setns(fd, type))
}

/** Which kind of namespace a descriptor is of, as a CLONE_NEW constant; undefined: of none. */
export function namespaceType(fd: number): number | undefined {
  const type = libc().ioctl(fd, NS_GET_NSTYPE)
  return type < 0 ? undefined : type
}

/**
 * if_nametoindex(3), in the namespace of the thread; undefined: no such interface. @throws
 * {SystemCallError}
 */
export function ifNameToIndex(name: string): number | undefined {
  if (name.includes('\0')) return undefined
  const index = libc().if_nametoindex(name)
  if (index !== 0) return index
  const errno = libc().errno()
  if (errno === constants.errno.ENODEV) return undefined
  throw new SystemCallError('if_nametoindex', errno)
}

/**
 * if_indextoname(3), in the namespace of the thread; undefined: no such interface. @throws
 * {SystemCallError}
 */
export function ifIndexToName(index: number): string | undefined {
  const name = new Uint8Array(IFNAMSIZ)
  if (libc().if_indextoname(index, name) !== null) {
    return new TextDecoder().decode(name.subarray(0, name.indexOf(0)))
  }
  const errno = libc().errno()
  if (errno === constants.errno.ENXIO) return undefined
  throw new SystemCallError('if_indextoname', errno)
}

function check(syscall: string, result: number): number {
  if (result < 0) throw new SystemCallError(syscall, libc().errno())
  return result
}

interface Libc {
  /**
   * That of the last call on this thread; in the callback of an asynchronous call, that of its
   * thread.
   */
  readonly errno: () => number
  readonly socket: KoffiFunc<(domain: number, type: number, protocol: number) => number>
  readonly bind: KoffiFunc<(fd: number, address: Uint8Array, length: number) => number>
  readonly getsockname: KoffiFunc<(fd: number, address: Uint8Array, length: Uint32Array) => number>
  readonly setsockopt: KoffiFunc<
    (fd: number, level: number, option: number, value: Int32Array, length: number) => number
  >
  readonly send: KoffiFunc<(fd: number, bytes: Uint8Array, length: number, flags: number) => number>
  readonly recv: KoffiFunc<(fd: number, bytes: Uint8Array, length: number, flags: number) => number>
  readonly close: KoffiFunc<(fd: number) => number>
  readonly open: KoffiFunc<(path: string, flags: number) => number>
  readonly setns: KoffiFunc<(fd: number, type: number) => number>
  readonly ioctl: KoffiFunc<(fd: number, request: number) => number>
  readonly if_nametoindex: KoffiFunc<(name: string) => number>
  readonly if_indextoname: KoffiFunc<(index: number, name: Uint8Array) => unknown>
}

let loaded: Libc | undefined

/**
 * Loads koffi and looks the functions up on first use, so that importing this file works where
 * there is no netlink.
 */
function libc(): Libc {
  return (loaded ??= load())
}

function load(): Libc {
  if (process.platform !== 'linux') {
    throw new SystemCallError('netlink', constants.errno.EOPNOTSUPP, 'netlink exists on Linux only')
  }
  // Not imported, which would load it sooner, and takes twice the time of `require`.
  const koffi: typeof Koffi = createRequire(import.meta.url)('koffi')
  // The process itself: libc is already in it, under whatever name.
  const library = koffi.load(null)
  // ssize_t is intptr_t, which koffi knows. No named types: their table is shared by everything in
  // the process.
  return {
    errno: () => koffi.errno(),
    socket: library.func('socket', 'int', ['int', 'int', 'int']) as Libc['socket'],
    bind: library.func('bind', 'int', ['int', 'void *', 'uint32_t']) as Libc['bind'],
    getsockname: library.func('getsockname', 'int', [
      'int',
      'void *',
      'void *',
    ]) as Libc['getsockname'],
    setsockopt: library.func('setsockopt', 'int', [
      'int',
      'int',
      'int',
      'void *',
      'uint32_t',
    ]) as Libc['setsockopt'],
    send: library.func('send', 'intptr_t', ['int', 'void *', 'size_t', 'int']) as Libc['send'],
    recv: library.func('recv', 'intptr_t', ['int', 'void *', 'size_t', 'int']) as Libc['recv'],
    close: library.func('close', 'int', ['int']) as Libc['close'],
    // open(2) is variadic for its mode, which is only read when it creates.
    open: library.func('open', 'int', ['str', 'int']) as Libc['open'],
    setns: library.func('setns', 'int', ['int', 'int']) as Libc['setns'],
    // ioctl(2) is variadic for an argument that NS_GET_NSTYPE does not have.
    ioctl: library.func('ioctl', 'int', ['int', 'unsigned long']) as Libc['ioctl'],
    if_nametoindex: library.func('if_nametoindex', 'uint32_t', ['str']) as Libc['if_nametoindex'],
    if_indextoname: library.func('if_indextoname', 'void *', [
      'uint32_t',
      'void *',
    ]) as Libc['if_indextoname'],
  }
}
