// The system calls that this package makes, through koffi. No other file loads koffi.
//
// Every argument is an int or bytes. koffi checks no lengths, so no function here takes one: the
// length is always that of the array. errno is read at once, before anything else can run on the
// thread.

import type * as Koffi from 'koffi'
import type { KoffiFunc } from 'koffi'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { WireGuardError } from 'wireguardcfg'
import { decodeName, encodeName, errorCode } from 'wireguardcfg/internal'
import { errnoName, errnoText } from './errno.js'

// From <bits/socket.h> and <fcntl.h>, as on every architecture that Node.js is built for on Linux.
export const AF_NETLINK = 16
export const SOCK_RAW = 3
export const SOCK_NONBLOCK = 0x800
export const SOCK_CLOEXEC = 0x80000
export const SOL_NETLINK = 270
export const MSG_TRUNC = 0x20
export const MSG_DONTWAIT = 0x40
const SOL_SOCKET = 1
const SO_NETNS_COOKIE = 71
// From <sys/file.h>.
const LOCK_EX = 2
const LOCK_NB = 4
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
  /** The POSIX name of the errno, as in Node's own errors. */
  readonly code: string
  /** The positive errno. */
  readonly errno: number
  /** The name of the system call, as in its man page. */
  readonly syscall: string

  constructor(
    syscall: string,
    errno: number,
    explanation = errnoText(errno),
    options?: { readonly cause: unknown },
  ) {
    super(`${syscall}: ${errnoName(errno)}, ${explanation}`, options)
    this.code = errnoName(errno)
    this.errno = errno
    this.syscall = syscall
  }
}

/** Calls socket(2). @throws {SystemCallError} */
export function socket(domain: number, type: number, protocol: number): number {
  return check('socket', libc().socket(domain, type, protocol))
}

/** Calls bind(2) with a sockaddr given as bytes. @throws {SystemCallError} */
export function bind(fd: number, address: Uint8Array): void {
  check('bind', libc().bind(fd, address, address.byteLength))
}

/**
 * Calls getsockname(2): fills `address` and returns the length that the kernel reports.
 *
 * @throws {SystemCallError}
 */
export function getsockname(fd: number, address: Uint8Array): number {
  const length = new Uint32Array([address.byteLength])
  check('getsockname', libc().getsockname(fd, address, length))
  return length[0]!
}

/** Calls setsockopt(2) for an option that is an int. @throws {SystemCallError} */
export function setsockopt(fd: number, level: number, option: number, value: number): void {
  const int = new Int32Array([value])
  check('setsockopt', libc().setsockopt(fd, level, option, int, int.byteLength))
}

/**
 * Returns the number of the network namespace of a socket, which no other one gets until the
 * machine restarts; undefined before Linux 5.14.
 *
 * @throws {SystemCallError}
 */
export function namespaceCookie(fd: number): bigint | undefined {
  const cookie = new BigUint64Array(1)
  const length = new Uint32Array([cookie.byteLength])
  if (libc().getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, length) === 0) return cookie[0]!
  const errno = libc().errno()
  if (errno === constants.errno.ENOPROTOOPT) return undefined
  throw new SystemCallError('getsockopt', errno)
}

/**
 * Calls flock(2) for an exclusive lock, without waiting. Returns false if somebody else has it.
 *
 * @throws {SystemCallError}
 */
export function tryLock(fd: number): boolean {
  if (libc().flock(fd, LOCK_EX | LOCK_NB) === 0) return true
  const errno = libc().errno()
  if (errno === EAGAIN) return false
  throw new SystemCallError('flock', errno)
}

/**
 * Calls send(2). Returns the number of bytes sent, or the errno negated. Never throws: EAGAIN is a
 * normal result.
 */
export function send(fd: number, bytes: Uint8Array, flags: number): number {
  const sent = libc().send(fd, bytes, bytes.byteLength, flags)
  return sent < 0 ? -libc().errno() : sent
}

/**
 * Calls send(2) in a thread of the pool, for messages on which the kernel works for long. Resolves
 * to the number of bytes sent, or to the errno negated. Until then the bytes must not change, and
 * the descriptor must not be closed.
 *
 * @throws {SystemCallError} EAGAIN when koffi makes too many calls of the whole process already
 */
export function sendAsync(fd: number, bytes: Uint8Array, flags: number): Promise<number> {
  return inThread('send', libc().send, fd, bytes, flags)
}

/**
 * Calls recv(2). Returns the number of bytes received (with MSG_TRUNC, the length of the datagram),
 * or the errno negated. Never throws.
 */
export function recv(fd: number, bytes: Uint8Array, flags: number): number {
  const received = libc().recv(fd, bytes, bytes.byteLength, flags)
  return received < 0 ? -libc().errno() : received
}

/**
 * Calls recv(2) in a thread of the pool, as {@link sendAsync}. Pass MSG_DONTWAIT: nothing wakes a
 * thread that waits for a datagram.
 */
export function recvAsync(fd: number, bytes: Uint8Array, flags: number): Promise<number> {
  return inThread('recv', libc().recv, fd, bytes, flags)
}

/** Calls close(2). Linux frees the descriptor whatever the result is, also after EINTR. */
export function close(fd: number): void {
  libc().close(fd)
}

/** Calls open(2) without creating a file. @throws {SystemCallError} */
export function open(path: string, flags: number): number {
  if (path.includes('\0')) throw new SystemCallError('open', constants.errno.EINVAL)
  return check('open', libc().open(path, flags))
}

/**
 * Calls setns(2): moves the calling thread, and no other, into a namespace.
 *
 * @throws {SystemCallError}
 */
export function setns(fd: number, type: number): void {
  check('setns', libc().setns(fd, type))
}

/**
 * Returns the kind of namespace that a descriptor refers to, as a CLONE_NEW constant; undefined if
 * it refers to no namespace.
 */
export function namespaceType(fd: number): number | undefined {
  const type = libc().ioctl(fd, NS_GET_NSTYPE)
  return type < 0 ? undefined : type
}

/**
 * Calls if_nametoindex(3) in the namespace of the thread. Returns undefined if there is no such
 * interface.
 *
 * @throws {SystemCallError}
 */
export function ifNameToIndex(name: string): number | undefined {
  if (name.includes('\0')) return undefined
  const bytes = encodeName(name)
  const index = libc().if_nametoindex(Buffer.concat([bytes, Buffer.of(0)]))
  if (index !== 0) return index
  const errno = libc().errno()
  if (errno === constants.errno.ENODEV) return undefined
  throw new SystemCallError('if_nametoindex', errno)
}

/**
 * Calls if_indextoname(3) in the namespace of the thread. Returns undefined if there is no such
 * interface.
 *
 * @throws {SystemCallError}
 */
export function ifIndexToName(index: number): string | undefined {
  const name = new Uint8Array(IFNAMSIZ)
  if (libc().if_indextoname(index, name) !== null) {
    return decodeName(name.subarray(0, name.indexOf(0)))
  }
  const errno = libc().errno()
  if (errno === constants.errno.ENXIO) return undefined
  throw new SystemCallError('if_indextoname', errno)
}

function inThread(
  syscall: string,
  { async: call }: Libc['send'],
  fd: number,
  bytes: Uint8Array,
  flags: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const refused = (cause: unknown): void => {
      const text = 'koffi could not make the call in a thread'
      reject(new SystemCallError(syscall, EAGAIN, text, { cause }))
    }
    try {
      call(fd, bytes, bytes.byteLength, flags, (error: unknown, result: number) => {
        // koffi passes on the errno of that thread for the duration of this callback only.
        if (error === null || error === undefined) resolve(result < 0 ? -libc().errno() : result)
        else refused(error)
      })
    } catch (error) {
      refused(error)
    }
  })
}

function check(syscall: string, result: number): number {
  if (result < 0) throw new SystemCallError(syscall, libc().errno())
  return result
}

interface Libc {
  /**
   * Returns the errno of the last call on this thread; in the callback of an asynchronous call, the
   * errno of the thread that made it.
   */
  readonly errno: () => number
  readonly socket: KoffiFunc<(domain: number, type: number, protocol: number) => number>
  readonly bind: KoffiFunc<(fd: number, address: Uint8Array, length: number) => number>
  readonly getsockname: KoffiFunc<(fd: number, address: Uint8Array, length: Uint32Array) => number>
  readonly setsockopt: KoffiFunc<
    (fd: number, level: number, option: number, value: Int32Array, length: number) => number
  >
  readonly getsockopt: KoffiFunc<
    (
      fd: number,
      level: number,
      option: number,
      value: BigUint64Array,
      length: Uint32Array,
    ) => number
  >
  readonly flock: KoffiFunc<(fd: number, operation: number) => number>
  readonly send: KoffiFunc<(fd: number, bytes: Uint8Array, length: number, flags: number) => number>
  readonly recv: KoffiFunc<(fd: number, bytes: Uint8Array, length: number, flags: number) => number>
  readonly close: KoffiFunc<(fd: number) => number>
  readonly open: KoffiFunc<(path: string, flags: number) => number>
  readonly setns: KoffiFunc<(fd: number, type: number) => number>
  readonly ioctl: KoffiFunc<(fd: number, request: number) => number>
  readonly if_nametoindex: KoffiFunc<(name: Uint8Array) => number>
  readonly if_indextoname: KoffiFunc<(index: number, name: Uint8Array) => unknown>
}

// Programs that trace which files are needed recognize koffi by the call of a variable `require`.
// In a CommonJS bundle, import.meta.url is undefined. `import` would load koffi earlier, and needs
// twice the time.
const require = createRequire(
  import.meta.url ?? (typeof __filename === 'string' ? __filename : process.execPath),
)
let loaded: Libc | undefined

/**
 * Loads koffi and looks up the functions on first use, so that this file can be imported where
 * there is no netlink.
 */
function libc(): Libc {
  return (loaded ??= load())
}

function load(): Libc {
  if (process.platform !== 'linux') {
    throw new SystemCallError('netlink', constants.errno.EOPNOTSUPP, 'netlink exists on Linux only')
  }
  try {
    const koffi: typeof Koffi = require('koffi')
    return functionsOf(koffi)
  } catch (error) {
    throw cannotLoad(error)
  }
}

const KOFFI_HINT =
  'Install koffi where this program runs (npm install koffi), and leave it out of bundles (external: koffi); userspace devices work without it'

/** Returns the error for koffi that cannot be loaded. Nothing is kept of a failure. */
function cannotLoad(cause: unknown): WireGuardError {
  const code = lackOf(cause)
  return new WireGuardError('cannot load koffi, which makes the system calls', {
    code: code ?? 'EOPNOTSUPP',
    hint: code === undefined ? KOFFI_HINT : undefined,
    cause,
  })
}

/** Returns the code of what the process has run out of, if that is why koffi cannot be loaded. */
function lackOf(cause: unknown): string | undefined {
  const code = errorCode(cause)
  if (LACKS.has(code)) return code
  // The errors of dlopen(3) have no code of their own, and a file that cannot be opened may be
  // reported as absent.
  if (/cannot allocate memory|failed to map segment/i.test(String(cause))) return 'ENOMEM'
  const { closeSync, openSync } = process.getBuiltinModule('node:fs')
  try {
    closeSync(openSync(process.execPath, 'r'))
    return undefined
  } catch (error) {
    return LACKS.has(errorCode(error)) ? errorCode(error) : undefined
  }
}

const LACKS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM'])

function functionsOf(koffi: typeof Koffi): Libc {
  // null is the process itself, which has libc loaded, under whatever file name.
  const library = koffi.load(null)
  // ssize_t is intptr_t, which koffi knows. Types have no names here: koffi's table of names is
  // shared by everything in the process.
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
    getsockopt: library.func('getsockopt', 'int', [
      'int',
      'int',
      'int',
      'void *',
      'void *',
    ]) as Libc['getsockopt'],
    flock: library.func('flock', 'int', ['int', 'int']) as Libc['flock'],
    send: library.func('send', 'intptr_t', ['int', 'void *', 'size_t', 'int']) as Libc['send'],
    recv: library.func('recv', 'intptr_t', ['int', 'void *', 'size_t', 'int']) as Libc['recv'],
    close: library.func('close', 'int', ['int']) as Libc['close'],
    // open(2) is variadic for its mode, which it reads only when it creates a file.
    open: library.func('open', 'int', ['str', 'int']) as Libc['open'],
    setns: library.func('setns', 'int', ['int', 'int']) as Libc['setns'],
    // ioctl(2) is variadic for an argument that NS_GET_NSTYPE does not have.
    ioctl: library.func('ioctl', 'int', ['int', 'unsigned long']) as Libc['ioctl'],
    if_nametoindex: library.func('if_nametoindex', 'uint32_t', [
      'void *',
    ]) as Libc['if_nametoindex'],
    if_indextoname: library.func('if_indextoname', 'void *', [
      'uint32_t',
      'void *',
    ]) as Libc['if_indextoname'],
  }
}
