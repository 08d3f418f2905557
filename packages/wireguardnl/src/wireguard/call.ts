import type { CallOptions } from 'wireguardcfg'
import {
  type ExchangeDeadline,
  exchangeDeadline,
  type ExchangeOptions,
} from '../netlink/deadline.js'
import { NetlinkError } from '../netlink/errors.js'
import type { ErrorContext } from './errors.js'

/** One call of a client, with one deadline for all its exchanges and for the waits in between. */
export class NetlinkCall implements Disposable {
  readonly context: ErrorContext
  readonly deadline: ExchangeDeadline
  /** Options of the exchanges of this call. */
  readonly exchange: ExchangeOptions
  /** Settles when the call is over, or when nobody should wait for it. */
  readonly ended: Promise<void>
  readonly #options: CallOptions
  #end: () => void = () => {}

  /**
   * @throws {NetlinkError} ABORT_ERR when the signal is aborted already, EINVAL when the idle
   * timeout is not a time
   */
  constructor(context: ErrorContext, options: CallOptions) {
    const { operation } = context
    const { signal, idleTimeout } = options
    this.context = context
    this.deadline = exchangeDeadline({ signal, idleTimeout, operation })
    this.exchange = { deadline: this.deadline, operation }
    this.#options = { signal, idleTimeout }
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** Ends it from outside: the client is closed. */
  cancel(): void {
    const { operation } = this.context
    const init = { code: 'ECANCELED', kind: 'call', operation } as const
    this.deadline.fail(new NetlinkError('the client was closed', init))
  }

  /** It goes on at its consumer's pace, who may have left: nobody should wait for its end. */
  detach(): this {
    this.#end()
    return this
  }

  /**
   * A call of the same kind with its own idle time, for what must be done after this one timed out.
   *
   * @throws {NetlinkError} ABORT_ERR when the signal is aborted already
   */
  renew(): NetlinkCall {
    return new NetlinkCall(this.context, this.#options)
  }

  /** The call is over. */
  [Symbol.dispose](): void {
    this.deadline[Symbol.dispose]()
    this.#end()
  }
}
