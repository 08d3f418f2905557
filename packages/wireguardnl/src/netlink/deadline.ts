import { Deadline } from 'wireguardcfg/backend'
import { NetlinkError } from './errors.js'

/** What every exchange takes. */
export interface ExchangeOptions {
  /** Ends the exchange: it rejects with ABORT_ERR, the signal's reason as cause. */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds without progress after which the exchange rejects with ETIMEDOUT; default 5000, 0:
   * none.
   */
  readonly idleTimeout?: number | undefined
  /** That of the call which the exchange is part of, in place of `signal` and `idleTimeout`. */
  readonly deadline?: ExchangeDeadline | undefined
  /** What is being done, for errors: 'list links'. */
  readonly operation?: string | undefined
}

/** Limits one exchange, or all those of a call. */
export type ExchangeDeadline = Deadline<NetlinkError>

/**
 * Begins a deadline.
 *
 * @throws {NetlinkError} ABORT_ERR when the signal is aborted already, EINVAL when the idle timeout
 * is not a time
 */
export function exchangeDeadline({
  signal,
  idleTimeout,
  operation = 'exchange',
}: Omit<ExchangeOptions, 'deadline'>): ExchangeDeadline {
  return new Deadline({ signal, idleTimeout }, ({ message, code, cause }) => {
    const text = code === 'ABORT_ERR' ? message : `${code}, ${message}`
    return new NetlinkError(text, { code, kind: 'call', operation, cause })
  })
}
