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
  readonly #options: CallOptions
  #end: () => void = () => {}

  /**
   * @throws {NetlinkError} ABORT_ERR when the signal is already aborted, EINVAL when an option has
   * no valid value
   */
  constructor(context: ErrorContext, options: CallOptions) {
    const { operation } = context
    const limits = limitsOf(options)
    this.context = context
    this.deadline = exchangeDeadline({ ...limits, operation })
    this.exchange = { deadline: this.deadline, operation }
    this.#options = limits
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
   * Returns a new call with the same context and options, for a rollback after this one timed out.
   *
   * @throws {NetlinkError} ABORT_ERR when the signal is already aborted
   */
  renew(): NetlinkCall {
    return new NetlinkCall(this.context, this.#options)
  }

  /** Ends the call and its deadline. */
  [Symbol.dispose](): void {
    this.deadline[Symbol.dispose]()
    this.#end()
  }
}
