/** A fault that injections find and that is not mended yet. */
export interface KnownFault {
  /** What the name of the suite in points.json begins with. */
  readonly subject: string
  /** A regular expression for the lines that report it. */
  readonly fault: string
  /** Why it is there. */
  readonly reason: string
}

/**
 * The known faults. An entry that no injection shows any more fails the tests: remove it then.
 */
export const KNOWN: readonly KnownFault[] = [
  {
    subject: 'fake kernel, Linux 6.12',
    fault: 'removeManyAllowedIPs, abort .* a temporary peer is left',
    reason: 'the removal of the temporary peer runs under the aborted signal',
  },
]
