/**
 * A netlink socket: datagrams to and from the kernel. Nothing here waits; nobody else uses it
 * meanwhile.
 */
export interface Socket {
  /** The address of this socket, which the kernel puts into every reply: an opaque u32. */
  readonly portId: number

  /**
   * Sends one datagram. The kernel acts on it, and produces the first part of a dump, before this
   * returns.
   *
   * @throws {NetlinkError} of kind 'syscall'
   */
  send(datagram: Uint8Array): void

  /**
   * The same in a thread, for a message on which the kernel works for long. One at a time. The
   * bytes must not change until the promise settles.
   *
   * @throws {NetlinkError} of kind 'syscall'
   */
  sendAsync(datagram: Uint8Array): Promise<void>

  /**
   * Takes the next datagram; undefined: none is there yet. Nobody may keep the bytes after the next
   * `receive`: they are those of one buffer that is used for all.
   *
   * @throws {NetlinkError} of kind 'syscall': ENOBUFS when the kernel lost replies, EMSGSIZE when
   * one was larger than the buffer
   */
  receive(): Uint8Array | undefined

  /** Closes the socket: at once, or if a `sendAsync` is on its way, when that has returned. */
  close(): Promise<void>
}
