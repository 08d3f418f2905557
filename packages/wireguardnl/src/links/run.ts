import { type CallOptions, WireGuardError } from 'wireguardcfg'
import { CALL_OPTIONS, checkOptions, limitsOf } from 'wireguardcfg/internal'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { type LinkOperation, toLinkError } from './errors.js'

/** What a call is about, for its errors. */
export interface CallSubject {
  readonly operation: LinkOperation
  readonly device?: string | undefined
  /** More than the interface, as far as it is known when the call fails. */
  readonly detail?: () => string
}

/**
 * Runs a call of an object that can be closed.
 *
 * @param closed the name of its class, if it is closed
 * @throws WireGuardError as {@link toLinkError} makes it
 */
export async function runCall<T>(
  { operation, device, detail }: CallSubject,
  closed: string | false,
  options: CallOptions | undefined,
  step: (exchange: ExchangeOptions) => Promise<T>,
): Promise<T> {
  try {
    checkOptions(options, CALL_OPTIONS)
    if (closed !== false) throw new WireGuardError(`this ${closed} is closed`, { code: 'EBADF' })
    return await step(limitsOf(options))
  } catch (error) {
    throw toLinkError(error, { operation, device, subject: detail?.() })
  }
}
