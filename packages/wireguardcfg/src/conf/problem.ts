import { WireGuardError } from '../model/errors.js'

/** Something in a file that is wrong or looks so. Nothing in it is a secret. */
export interface ConfProblem {
  /** `error`: the file is not acceptable. `warning`: it is, but may not do what was meant. */
  readonly severity: 'error' | 'warning'
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 code units, as editors count. */
  readonly column: number
  /** The key concerned, in its usual spelling; `undefined`: the line as a whole. */
  readonly key: string | undefined
  /** In lower case, without a full stop: `port "99999" is out of range`. */
  readonly message: string
  /** What would be right: `a port number from 0 to 65535`. */
  readonly expected: string | undefined
  /**
   * The sentence that wg(8) prints, with anything that may be a secret replaced by `(hidden)`.
   * `undefined` where wg(8) says nothing: it takes what is refused here, or the key is one of
   * wg-quick(8).
   */
  readonly wgMessage: string | undefined
}

/**
 * A file that is not acceptable: a `WireGuardError` with the code `EINVAL` and where the fault is.
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

/** One line for people: `12:8: error: ListenPort: port "99999" is out of range; expected …`. */
export function formatProblem(problem: ConfProblem): string {
  const { severity, line, column, key, message, expected } = problem
  const subject = key === undefined ? '' : `${key}: `
  const wanted = expected === undefined ? '' : `; expected ${expected}`
  return `${line}:${column}: ${severity}: ${subject}${message}${wanted}`
}
