// The C library's socket calls, with a FakeSystem as the kernel behind them.
import { setImmediate as immediate } from 'node:timers/promises'
import * as libc from '../../packages/wireguardnl/src/libc.js'
import { LITTLE_ENDIAN, viewOf } from '../../packages/wireguardnl/src/netlink/endian.js'
import { NETLINK_ROUTE } from '../../packages/wireguardnl/src/netlink/constants.js'
import {
  KernelSocket,
  type SocketCalls,
} from '../../packages/wireguardnl/src/netlink/kernel-socket.js'
import type { Kernel } from '../../packages/wireguardnl/src/wireguard/kernel.js'
import type { FakeKernel } from './kernel.js'
import type { FakeSystem } from './system.js'

const EBADF = 9

/** The name of a call that can fail. */
export type FakeCall = Exclude<keyof SocketCalls, 'close'>

/** What a test does at each call. */
export interface CallHooks {
  /** Runs before the call. Returns the errno with which it fails; 0: it does not. */
  before(call: FakeCall): number
  /** Runs after a call that did not fail. */
  after(call: FakeCall): void
}

/** Makes real `KernelSocket`s on a fake kernel, and fails their system calls on demand. */
export class FakeLibc {
  /** The kernel for a NetlinkClient or a NetlinkLinks. */
  readonly kernel: Kernel
  hooks: CallHooks = { before: () => 0, after: () => {} }
  readonly #sockets = new Map<number, FakeKernel>()
  readonly #sending = new Set<Promise<number>>()
  #nextFd = 100

  constructor(system: FakeSystem) {
    const { kernel } = system
    const open = (protocol: number): KernelSocket =>
      KernelSocket.open(
        protocol,
        { strict: protocol === NETLINK_ROUTE },
        this.#calls((wanted) => kernel.open(wanted) as FakeKernel),
      )
    this.kernel = { ...kernel, open }
  }

  /** How many descriptors are open. */
  get openDescriptors(): number {
    return this.#sockets.size
  }

  /** Waits for the threads that send, also those that nothing waits for any more. */
  async settled(): Promise<void> {
    while (this.#sending.size > 0) await Promise.allSettled(this.#sending)
  }

  #calls(open: (protocol: number) => FakeKernel): SocketCalls {
    const checked = <T>(call: FakeCall, run: () => T): T => {
      const errno = this.hooks.before(call)
      if (errno !== 0) throw new libc.SystemCallError(call, errno)
      const result = run()
      this.hooks.after(call)
      return result
    }
    // These return the errno, negated, and never throw.
    const returning = (call: FakeCall, run: () => number): number => {
      const errno = this.hooks.before(call)
      if (errno !== 0) return -errno
      const result = run()
      this.hooks.after(call)
      return result
    }
    const send = (call: FakeCall, fd: number, bytes: Uint8Array): number =>
      returning(call, () => {
        this.#socket(fd).send(bytes)
        return bytes.byteLength
      })
    const recv = (call: FakeCall, fd: number, bytes: Uint8Array): number =>
      returning(call, () => {
        const datagram = this.#socket(fd).receive()
        if (datagram === undefined) return -libc.EAGAIN
        bytes.set(datagram)
        return datagram.length
      })
    return {
      socket: (_domain, _type, protocol) =>
        checked('socket', () => {
          this.#sockets.set(this.#nextFd, open(protocol))
          return this.#nextFd++
        }),
      setsockopt: (fd) => checked('setsockopt', () => void this.#socket(fd)),
      bind: (fd) => checked('bind', () => void this.#socket(fd)),
      getsockname: (fd, address) =>
        checked('getsockname', () => {
          viewOf(address).setUint32(4, this.#socket(fd).portId, LITTLE_ENDIAN)
          return address.byteLength
        }),
      send: (fd, bytes) => send('send', fd, bytes),
      // As in a thread: the kernel acts after this turn.
      sendAsync: (fd, bytes) => {
        const sending = immediate().then(() => send('sendAsync', fd, bytes))
        const ended = sending.finally(() => this.#sending.delete(ended))
        this.#sending.add(ended)
        return ended
      },
      recv: (fd, bytes) => recv('recv', fd, bytes),
      recvAsync: (fd, bytes) => immediate().then(() => recv('recvAsync', fd, bytes)),
      close: (fd) => {
        void this.#socket(fd).close()
        this.#sockets.delete(fd)
      },
    }
  }

  #socket(fd: number): FakeKernel {
    const socket = this.#sockets.get(fd)
    if (socket === undefined) throw new libc.SystemCallError('fake', EBADF)
    return socket
  }
}
