import type { CallOptions } from '../model/backend.js'
import { WireGuardError } from '../model/errors.js'
import { aborted, Deadline, type DeadlineFailure } from './deadline.js'

/** What an error of a call says about where it happened. */
export interface CallContext {
  /** What is being done: `read device`. */
  readonly operation: string
  /** The name of the interface. */
  readonly device?: string | undefined
}

/**
 * The deadline of one call, whose errors say where it happened.
 *
 * @throws WireGuardError `ABORT_ERR` when the signal is already aborted, `EINVAL` when
 * `idleTimeout` is not a number of milliseconds
 */
export function callDeadline(
  context: CallContext,
  options: CallOptions = {},
): Deadline<WireGuardError> {
  return new Deadline(options, (failure) => toError(failure, context))
}

/** The error of a call whose signal was aborted. */
export function abortError(context: CallContext, reason: unknown): WireGuardError {
  return toError(aborted(reason), context)
}

function toError({ message, code, cause }: DeadlineFailure, context: CallContext): WireGuardError {
  return new WireGuardError(message, { ...context, code, cause })
}
