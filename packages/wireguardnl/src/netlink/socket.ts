/**
 * A netlink socket, which exchanges datagrams with the kernel. No method waits, except the
 * asynchronous ones. It has one user at a time.
 */
export interface Socket {
  /** The address of this socket, an opaque u32. The kernel puts it into every reply. */
  readonly portId: number

  /**
   * Sends one datagram. Before this returns, the kernel has processed it and produced the first
   * part of a dump.
   *
   * @throws {NetlinkError} of kind 'syscall'
   */
  send(datagram: Uint8Array): void

  /**
   * Sends one datagram in a thread, for a message on which the kernel works for long. Only one
   * asynchronous call at a time. The bytes must not change until the promise settles.
   *
   * @throws {NetlinkError} of kind 'syscall'
   */
  sendAsync(datagram: Uint8Array): Promise<void>

  /**
   * Returns the next datagram; undefined if none has arrived. The bytes are valid until the next
   * `receive`: all datagrams share one buffer.
   *
   * @throws {NetlinkError} of kind 'syscall': ENOBUFS when the kernel lost replies, EMSGSIZE when
   * one was larger than the buffer
   */
  receive(): Uint8Array | undefined

  /**
   * Receives as `receive` does, in a thread, where the kernel works for long or waits for a lock.
   * Never waits for a datagram. Only one asynchronous call at a time.
   *
   * @throws {NetlinkError} as `receive`
   */
  receiveAsync(): Promise<Uint8Array | undefined>

  /** Closes the socket: at once, or, while a thread uses it, after the thread has returned. */
  close(): Promise<void>
}
