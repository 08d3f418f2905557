import type { CallOptions } from 'wireguardcfg'
import { limitsOf } from 'wireguardcfg/internal'
import {
  type ExchangeDeadline,
  exchangeDeadline,
  type ExchangeOptions,
} from '../netlink/deadline.js'
import { NetlinkError } from '../netlink/errors.js'
import type { ErrorContext } from './errors.js'

/** One call of a client. One deadline limits all its exchanges and the waits between them. */
export class NetlinkCall implements Disposable {
  readonly context: ErrorContext
  readonly deadline: ExchangeDeadline
  /** Options of the exchanges of this call. */
  readonly exchange: ExchangeOptions
  /** Resolves when the call has ended or is detached. `close()` waits for it. */
  readonly ended: Promise<void>
  #end: () => void = () => {}

  /**
   * @throws {NetlinkError} ABORT_ERR when the signal is already aborted, EINVAL when an option has
   * no valid value
   */
  constructor(context: ErrorContext, options: CallOptions) {
    const { device } = context
    // Names the interface, for the calls that wait for this one.
    const operation =
      device === undefined ? context.operation : `${context.operation} ${JSON.stringify(device)}`
    const limits = limitsOf(options)
    this.context = context
    this.deadline = exchangeDeadline({ ...limits, operation })
    this.exchange = { deadline: this.deadline, operation }
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** Ends the call because the client is being closed. */
  cancel(): void {
    const { operation } = this.context
    const init = { code: 'ECANCELED', kind: 'call', operation } as const
    this.deadline.fail(new NetlinkError('the client was closed', init))
  }

  /** Makes `close()` not wait for this call, because a stream may never be read to its end. */
  detach(): this {
    this.#end()
    return this
  }

  /**
   * Returns a new call with the same context, for the rollback of this one. It has a deadline of
   * its own: the signal of the caller, and `close()`, may be the reason for the rollback. `close()`
   * waits for it, because this call waits for it.
   */
  forRollback(): NetlinkCall {
    return new NetlinkCall(this.context, {})
  }

  /** Ends the call and its deadline. */
  [Symbol.dispose](): void {
    this.deadline[Symbol.dispose]()
    this.#end()
  }
}
