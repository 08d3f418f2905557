import { invalid } from '../model/errors.js'
import { MILLISECONDS, numberFault } from '../model/number-range.js'
import { quote } from '../model/quote.js'

/** The default of `idleTimeout`, in milliseconds. */
export const DEFAULT_IDLE_TIMEOUT = 5000

/** The default of `timeout`, in milliseconds. */
export const DEFAULT_TIMEOUT = 300_000

/** The defaults of a stream of peers, which takes as long as its consumer does. */
export const STREAM_LIMITS: GivenLimits = { timeout: 0 }

/** What limits a call, checked. */
export interface CallLimits {
  readonly signal: AbortSignal | undefined
  /** In milliseconds; 0: no limit. */
  readonly idleTimeout: number
  /** In milliseconds; 0: no limit. */
  readonly timeout: number
}

/** The limits of a call as the caller gave them. */
export interface GivenLimits {
  readonly signal?: AbortSignal | undefined
  readonly idleTimeout?: number | undefined
  readonly timeout?: number | undefined
}

/**
 * Reads the options that limit a call. Each is read once. Returns what is wrong, in the words of an
 * error, when one of them has no valid value.
 */
export function readCallLimits(options: GivenLimits): CallLimits | string {
  // Callers without types pass anything.
  const given: unknown = options
  if (typeof given !== 'object' || given === null) {
    return NO_OPTIONS + quote(given)
  }
  const { signal, idleTimeout = DEFAULT_IDLE_TIMEOUT, timeout = DEFAULT_TIMEOUT } = options
  const fault =
    numberFault('idleTimeout', idleTimeout, MILLISECONDS) ??
    numberFault('timeout', timeout, MILLISECONDS) ??
    (isSignal(signal) ? undefined : 'signal: expected an AbortSignal')
  return fault ?? { signal, idleTimeout, timeout }
}

/**
 * Returns the limits among the options of a call, to pass them on. Absent ones are those of
 * `defaults`.
 *
 * @throws WireGuardError `EINVAL` when the options are no object. The deadline checks the values
 */
export function limitsOf(options: GivenLimits = {}, defaults: GivenLimits = {}): GivenLimits {
  const given: unknown = options
  if (typeof given !== 'object' || given === null) throw invalid(NO_OPTIONS + quote(given))
  const { signal, idleTimeout = defaults.idleTimeout, timeout = defaults.timeout } = options
  return { signal, idleTimeout, timeout }
}

const NO_OPTIONS = 'options: expected an object, got '

/** Not by `instanceof`: the signal may come from another realm or from a polyfill. */
function isSignal(value: unknown): boolean {
  if (value === undefined) return true
  if (typeof value !== 'object' || value === null) return false
  const { aborted, addEventListener, removeEventListener }: Partial<AbortSignal> = value
  return (
    typeof aborted === 'boolean' &&
    typeof addEventListener === 'function' &&
    typeof removeEventListener === 'function'
  )
}
