import type { CommandResult } from '../../../../test-fixtures/command.js'

/**
 * The text without the order of peers and of their allowed IPs, neither of which wireguard-go
 * keeps.
 */
export function unordered(text: string): string {
  const isLines = /^(interface: |\[Interface\])/.exec(text) === null
  const pieces = text.split(isLines ? '\n' : '\n\n').map((piece) =>
    piece.trimEnd().replaceAll(ALLOWED_IP_LISTS, (list) => {
      const separator = list.includes(', ') ? ', ' : list.includes(',') ? ',' : ' '
      return list.split(separator).toSorted().join(separator)
    }),
  )
  return pieces.toSorted().join('\n')
}

/** Lists of at least two allowed IPs. */
const ALLOWED_IP_LISTS =
  /[0-9a-f.:]+\/[0-9]+(?:, [0-9a-f.:]+\/[0-9]+|,[0-9a-f.:]+\/[0-9]+| [0-9a-f.:]+\/[0-9]+)+/g

/** A result in which the usage is only said to be there: its text is our own. */
export function comparable({ stdout, stderr, code }: CommandResult): CommandResult {
  return { stdout, stderr: stderr.replace(/^Usage: [^]*$/m, 'Usage\n'), code }
}
