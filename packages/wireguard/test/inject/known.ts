/** A fault that injections find and that is not mended yet. */
export interface KnownFault {
  /** The suite, as in points.json. The short suite of the same backend knows it too. */
  readonly subject: string
  /** A regular expression for the lines that report it. */
  readonly fault: string
  /** Why it is there. */
  readonly reason: string
}

/**
 * The known faults. An entry that no injection shows any more fails the tests: remove it then.
 */
export const KNOWN: readonly KnownFault[] = []
