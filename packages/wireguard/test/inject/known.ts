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
export const KNOWN: readonly KnownFault[] = [
  {
    subject: 'fake kernel, Linux 6.12',
    fault: 'removeManyAllowedIPs, abort .* a temporary peer is left',
    reason: 'the removal of the temporary peer runs under the aborted signal',
  },
  ...['kernel 6.1', 'kernel 6.12'].flatMap((kernel) => [
    {
      subject: kernel,
      fault: 'removeManyAllowedIPs, abort .* a temporary peer is left',
      reason: 'the removal of the temporary peer runs under the aborted signal',
    },
    {
      subject: `${kernel}, crashes`,
      fault: 'removeManyAllowedIPs, SIGKILL .* a temporary peer is left',
      reason: 'a message moves the allowed IPs, and another one removes the temporary peer',
    },
  ]),
  {
    subject: 'wireguard-go, everything',
    fault: 'createDevice, ENOMEM at (pipe2|clone|socketpair) .* foreign error: Error: spawn ENOMEM',
    reason: 'spawn throws some errors instead of emitting them',
  },
  {
    subject: 'wireguard-go, everything',
    fault: 'createDevice, (ENOMEM|EPERM) at unlink /tmp/wireguard-N.* descriptors instead of',
    reason: 'the file of the log is not closed when it cannot be unlinked',
  },
  {
    subject: 'wireguard-go, everything',
    fault: 'deleteOwned, ENOMEM at pread64 /tmp/wireguard-N.* the process hung or ended',
    reason: 'a log that cannot be read throws in a listener',
  },
  {
    subject: 'first calls',
    fault: 'foreign error|the next call failed|the process hung or ended|without applied',
    reason: 'what import() could not load is remembered, or its error is passed on',
  },
]
