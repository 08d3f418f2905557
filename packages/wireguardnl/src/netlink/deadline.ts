import { Deadline } from 'wireguardcfg/backend'
import { NetlinkError } from './errors.js'

/** Options of every exchange. */
export interface ExchangeOptions {
  /** A signal that ends the exchange with ABORT_ERR. The signal's reason becomes the cause. */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds without progress after which the exchange rejects with ETIMEDOUT; default 5000, 0
   * for no limit.
   */
  readonly idleTimeout?: number | undefined
  /** Milliseconds that the exchange may take in all; default 300000, 0 for no limit. */
  readonly timeout?: number | undefined
  /** The deadline of the whole call, in place of the limits above. */
  readonly deadline?: ExchangeDeadline | undefined
  /** The operation that errors name: 'list links'. */
  readonly operation?: string | undefined
}

/** The deadline of one exchange, or of all exchanges of a call. */
export type ExchangeDeadline = Deadline<NetlinkError>

/**
 * Returns a deadline that fails with a NetlinkError.
 *
 * @throws {NetlinkError} ABORT_ERR when the signal is already aborted, EINVAL when an option
 * has no valid value
 *
 * @example
 * ```ts
 * using deadline = exchangeDeadline({ idleTimeout: 1000, operation: 'list links' })
 * ```
 */
export function exchangeDeadline({
  signal,
  idleTimeout,
  timeout,
  operation = 'exchange',
}: Omit<ExchangeOptions, 'deadline'>): ExchangeDeadline {
  return new Deadline({ signal, idleTimeout, timeout }, ({ message, code, cause }) => {
    const text = code === 'ABORT_ERR' ? message : `${code}, ${message}`
    return new NetlinkError(text, { code, kind: 'call', operation, cause })
  })
}
