import { invalid } from './errors.js'
import { quote } from './quote.js'

/** The numbers that an option takes. */
export interface NumberRange {
  /** The lowest; default 0. */
  readonly min?: number
  /** The highest. */
  readonly max: number
  /** Whether it takes integers only; default true. */
  readonly integer?: boolean
  /** What the error says was expected: `milliseconds, or 0 for no limit`. */
  readonly expected: string
}

// The longest delay of a timer. Node treats a longer one as 1 ms.
const LONGEST_DELAY = 2 ** 31 - 1

/** The range of a limit of time. */
export const MILLISECONDS: NumberRange = {
  max: LONGEST_DELAY,
  integer: false,
  expected: `milliseconds up to ${LONGEST_DELAY}, or 0 for no limit`,
}

/**
 * Returns what is wrong with the value of an option that is a number, in the words of an error;
 * `undefined` when nothing is. Every option that is a number is checked by this function.
 *
 * @example
 * ```ts
 * const fault = numberFault('mtu', options.mtu, { min: 1, max: 65535, expected: 'bytes' })
 * if (fault !== undefined) throw invalid(fault)
 * ```
 */
export function numberFault(name: string, value: unknown, range: NumberRange): string | undefined {
  const { min = 0, max, integer = true, expected } = range
  if (typeof value === 'number' && value >= min && value <= max) {
    if (!integer || Number.isInteger(value)) return undefined
  }
  return `${name} ${typeof value === 'number' ? value : quote(value)}: expected ${expected}`
}

/**
 * Checks the value of an option that is a number, and returns it.
 *
 * @throws WireGuardError `EINVAL` that names the option
 */
export function checkNumber(name: string, value: number, range: NumberRange): number {
  const fault = numberFault(name, value, range)
  if (fault !== undefined) throw invalid(fault)
  return value
}
