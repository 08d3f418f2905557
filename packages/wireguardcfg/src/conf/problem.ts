import { WireGuardError } from '../model/errors.js'

/** An error in a file, or something that looks like a mistake. No part of it is a secret. */
export interface ConfProblem {
  /** `error` when the file is invalid; `warning` when it is valid but may not do what was meant. */
  readonly severity: 'error' | 'warning'
  /** The line, from 1. */
  readonly line: number
  /** The column, from 1, in UTF-16 code units, as editors count. */
  readonly column: number
  /** The key concerned, in its usual spelling; `undefined` for the line as a whole. */
  readonly key: string | undefined
  /** The fault in lower case, without a full stop: `port "99999" is out of range`. */
  readonly message: string
  /** What is valid: `a port number from 0 to 65535`. */
  readonly expected: string | undefined
  /**
   * The sentence that wg(8) prints, with anything that may be a secret replaced by `(hidden)`. It
   * is `undefined` when wg(8) prints nothing, because wg(8) accepts what is refused here, or
   * because the key belongs to wg-quick(8).
   */
  readonly wgMessage: string | undefined
}

/**
 * The error about an invalid file: a `WireGuardError` with the code `EINVAL` and the place of the
 * fault.
 */
export class ConfError extends WireGuardError {
  /** What is wrong, and where. */
  readonly problem: ConfProblem

  /** @param problem gives the error its message */
  constructor(problem: ConfProblem) {
    const { message, key, line, column, expected } = problem
    super(`${message}${expected === undefined ? '' : `; expected ${expected}`}`, {
      code: 'EINVAL',
      operation: 'read configuration file',
      detail: `line ${line}, column ${column}${key === undefined ? '' : `, key ${key}`}`,
    })
    this.problem = problem
  }
}

/**
 * Returns a problem as one line of text.
 *
 * @example
 * ```ts
 * formatProblem(problem) // '12:8: error: ListenPort: port "99999" is out of range; expected …'
 * ```
 */
export function formatProblem(problem: ConfProblem): string {
  const { severity, line, column, key, message, expected } = problem
  const subject = key === undefined ? '' : `${key}: `
  const wanted = expected === undefined ? '' : `; expected ${expected}`
  return `${line}:${column}: ${severity}: ${subject}${message}${wanted}`
}
