import { constants } from 'node:os'
import * as libc from '../libc.js'
import {
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NLM_F_ACK,
  NLM_F_REQUEST,
  NLMSG_NOOP,
} from './constants.js'
import { LITTLE_ENDIAN, viewOf } from './endian.js'
import { NetlinkError, syscallError } from './errors.js'
import { encodeMessage } from './message.js'
import type { Socket } from './socket.js'

/**
 * Length of the receive buffer. The kernel fills the datagrams of a dump up to the greatest length
 * that any receive on the socket ever had, at most 32 KiB. It silently cuts them when a later
 * receive is shorter. Therefore all receives have one constant length.
 */
const RECEIVE_LENGTH = 65536

const RECEIVE_FLAGS = libc.MSG_DONTWAIT | libc.MSG_TRUNC

const SOCKADDR_NL_LENGTH = 12

// A child process that inherited the socket would keep an unfinished dump open, and with it the
// interface.
const SOCKET_TYPE = libc.SOCK_RAW | libc.SOCK_CLOEXEC | libc.SOCK_NONBLOCK

/** The functions of libc.js that a KernelSocket needs: the seam for tests. */
export type SocketCalls = Pick<
  typeof libc,
  | 'socket'
  | 'bind'
  | 'getsockname'
  | 'setsockopt'
  | 'send'
  | 'sendAsync'
  | 'recv'
  | 'recvAsync'
  | 'close'
>

/** Options of {@link KernelSocket.open}. */
export interface KernelSocketOptions {
  /**
   * Whether the kernel checks headers and attributes of rtnetlink's GET requests strictly, and
   * therefore filters by them.
   */
  readonly strict?: boolean
  /** Multicast groups: their messages arrive besides the replies, with the sequence number 0. */
  readonly groups?: readonly number[]
}

/** A netlink socket of the kernel, in the network namespace of the thread that opens it. */
export class KernelSocket implements Socket {
  readonly portId: number
  readonly #calls: SocketCalls
  readonly #buffer: Uint8Array
  /**
   * The view that was returned last. Most datagrams of a dump, and all replies to a poll, have the
   * same length.
   */
  #received: Uint8Array
  #fd: number
  /** The call that a thread makes. */
  #inThread: Promise<unknown> | undefined

  private constructor(fd: number, portId: number, calls: SocketCalls) {
    this.#fd = fd
    this.portId = portId
    this.#calls = calls
    this.#buffer = this.#received = new Uint8Array(RECEIVE_LENGTH)
  }

  /**
   * Opens and binds a socket of a protocol: NETLINK_ROUTE or NETLINK_GENERIC.
   *
   * @throws {NetlinkError} of kind 'syscall': EOPNOTSUPP when this is not Linux
   */
  static open(
    protocol: number,
    options: KernelSocketOptions = {},
    calls: SocketCalls = libc,
  ): KernelSocket {
    let fd = -1
    try {
      fd = calls.socket(libc.AF_NETLINK, SOCKET_TYPE, protocol)
      setOptions(fd, options, calls)
      const portId = bindAnywhere(fd, calls)
      const socket = new KernelSocket(fd, portId, calls)
      socket.#warmUp()
      // bind(2) ends memberships, and the warm-up would take a message of theirs.
      for (const group of options.groups ?? []) {
        calls.setsockopt(fd, libc.SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
      }
      return socket
    } catch (error) {
      if (fd >= 0) calls.close(fd)
      throw toNetlinkError(error, 'open netlink socket')
    }
  }

  send(datagram: Uint8Array): void {
    this.#checkOpen('send')
    let sent
    do sent = this.#calls.send(this.#fd, datagram, libc.MSG_DONTWAIT)
    while (sent === -libc.EINTR)
    checkSent(sent)
  }

  async sendAsync(datagram: Uint8Array): Promise<void> {
    checkSent(await this.#runInThread('send', () => this.#calls.sendAsync(this.#fd, datagram, 0)))
  }

  receive(): Uint8Array | undefined {
    this.#checkOpen('receive')
    let received
    do received = this.#calls.recv(this.#fd, this.#buffer, RECEIVE_FLAGS)
    while (received === -libc.EINTR)
    return this.#datagram(received)
  }

  async receiveAsync(): Promise<Uint8Array | undefined> {
    const received = await this.#runInThread('receive', () =>
      this.#calls.recvAsync(this.#fd, this.#buffer, RECEIVE_FLAGS),
    )
    // It may have been closed meanwhile, and its buffer zeroed.
    this.#checkOpen('receive')
    return this.#datagram(received)
  }

  async close(): Promise<void> {
    const fd = this.#fd
    if (fd < 0) return
    this.#fd = -1
    // The number of a closed descriptor is reused for the next one opened: the thread would send to
    // that.
    if (this.#inThread !== undefined) await this.#inThread.catch(() => {})
    this.#calls.close(fd)
    this.#buffer.fill(0)
  }

  /** Returns the datagram of a recv with this result. */
  #datagram(received: number): Uint8Array | undefined {
    if (received === -libc.EAGAIN) return undefined
    if (received < 0) throw syscallError(-received, 'receive')
    if (received > this.#buffer.length) {
      throw syscallError(
        constants.errno.EMSGSIZE,
        'receive',
        `a datagram of ${received} bytes, expected at most ${this.#buffer.length}`,
      )
    }
    if (received !== this.#received.length) this.#received = this.#buffer.subarray(0, received)
    return this.#received
  }

  /** Makes a call in a thread, again after EINTR. The descriptor stays open until it returns. */
  async #runInThread(operation: string, call: () => Promise<number>): Promise<number> {
    this.#checkOpen(operation)
    if (this.#inThread !== undefined) throw new Error('only one asynchronous call at a time')
    const run = async () => {
      let result
      do result = await call()
      while (result === -libc.EINTR)
      return result
    }
    try {
      const running = run()
      this.#inThread = running
      return await running
    } catch (error) {
      throw toNetlinkError(error, operation)
    } finally {
      this.#inThread = undefined
    }
  }

  /**
   * Receives once with the full length, so that the kernel also fills the first datagram of the
   * first dump, which it produces inside send(). The kernel acknowledges a no-op from any sender.
   */
  #warmUp(): void {
    const header = { type: NLMSG_NOOP, flags: NLM_F_REQUEST | NLM_F_ACK, sequence: 0 }
    this.send(encodeMessage(header, new Uint8Array(0)))
    this.receive()
  }

  #checkOpen(operation: string): void {
    if (this.#fd < 0) throw syscallError(constants.errno.EBADF, operation, 'the socket is closed')
  }
}

function setOptions(fd: number, options: KernelSocketOptions, calls: SocketCalls): void {
  bestEffort(fd, NETLINK_EXT_ACK, calls)
  bestEffort(fd, NETLINK_CAP_ACK, calls)
  if (options.strict === true) bestEffort(fd, NETLINK_GET_STRICT_CHK, calls)
}

/**
 * Sets an option that kernels before 4.3, 4.12 or 4.20 lack. Without it, replies explain less or
 * are larger.
 */
function bestEffort(fd: number, option: number, calls: SocketCalls): void {
  try {
    calls.setsockopt(fd, libc.SOL_NETLINK, option, 1)
  } catch (error) {
    if (!(error instanceof libc.SystemCallError) || error.code !== 'ENOPROTOOPT') throw error
  }
}

/**
 * Binds to a port id that the kernel chooses and returns it. `struct sockaddr_nl`: `nl_family`
 * (u16, host order), `nl_pad` (u16), `nl_pid` (u32), `nl_groups` (u32).
 */
function bindAnywhere(fd: number, calls: SocketCalls): number {
  const address = new Uint8Array(SOCKADDR_NL_LENGTH)
  const view = viewOf(address)
  view.setUint16(0, libc.AF_NETLINK, LITTLE_ENDIAN)
  calls.bind(fd, address)
  calls.getsockname(fd, address)
  return view.getUint32(4, LITTLE_ENDIAN)
}

function toNetlinkError(error: unknown, operation: string): unknown {
  if (!(error instanceof libc.SystemCallError)) return error
  const { code, errno, message } = error
  return new NetlinkError(message, { code, errno, kind: 'syscall', operation })
}

function checkSent(sent: number): void {
  if (sent < 0) throw syscallError(-sent, 'send')
}
