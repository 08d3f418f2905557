import type { CallOptions } from '../model/backend.js'
import { isWireGuardError, WireGuardError } from '../model/errors.js'
import { limitsOf } from './call-limits.js'
import { aborted, Deadline, type DeadlineFailure } from './deadline.js'

/** Where an error of a call happened. */
export interface CallContext {
  /** The operation: `read device`. */
  readonly operation: string
  /** The name of the interface. */
  readonly device?: string | undefined
}

/**
 * Returns the deadline of one call. It fails with a {@link WireGuardError} that has the context.
 *
 * @throws WireGuardError `ABORT_ERR` when the signal is already aborted, `EINVAL` when
 * an option has no valid value
 *
 * @param defaults what takes the place of absent options
 *
 * @example
 * ```ts
 * using deadline = callDeadline({ operation: 'read device', device: 'wg0' }, { idleTimeout: 1000 })
 * const names = await deadline.race(readdir('/var/run/wireguard'))
 * ```
 */
export function callDeadline(
  context: CallContext,
  options?: CallOptions,
  defaults?: CallOptions,
): Deadline<WireGuardError> {
  try {
    return new Deadline(limitsOf(options, defaults), (failure) => toError(failure, context))
  } catch (error) {
    throw isWireGuardError(error) ? error.with(context) : error
  }
}

/**
 * Returns the error of a call whose signal was aborted. The reason becomes its cause.
 *
 * @example
 * ```ts
 * throw abortError({ operation: 'read device', device: 'wg0' }, signal.reason)
 * ```
 */
export function abortError(context: CallContext, reason: unknown): WireGuardError {
  return toError(aborted(reason), context)
}

function toError({ message, code, cause }: DeadlineFailure, context: CallContext): WireGuardError {
  return new WireGuardError(message, { ...context, code, cause })
}
