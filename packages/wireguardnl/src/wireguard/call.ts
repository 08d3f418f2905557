import type { CallOptions } from 'wireguardcfg'
import { Deadline, type ExchangeOptions } from '../netlink/deadline.js'
import { NetlinkError } from '../netlink/errors.js'
import type { ErrorContext } from './errors.js'

/**
 * One call of a client. Each of its exchanges has an idle time of its own; while it waits for its
 * turn, only its signal counts.
 */
export class NetlinkCall {
  readonly context: ErrorContext
  /** Options of the exchanges of this call. */
  readonly exchange: ExchangeOptions
  /** For waiting between exchanges. */
  readonly deadline: Deadline
  /** Settles when the call is over, or when nobody should wait for it. */
  readonly ended: Promise<void>
  #end: () => void = () => {}

  /**
   * @throws {NetlinkError} ABORT_ERR when the signal is aborted already, EINVAL when the idle
   * timeout is not a time
   */
  constructor(context: ErrorContext, { signal, idleTimeout }: CallOptions) {
    this.context = context
    this.exchange = { signal, idleTimeout, operation: context.operation }
    this.deadline = new Deadline(this.exchange)
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

  /** The call is over. */
  end(): void {
    this.deadline.end()
    this.#end()
  }
}
