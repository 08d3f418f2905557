/** Why the command gives up: what it prints on standard error before it exits with 1. Never a secret. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** A wrong way of calling: its message, if any, goes before the usage of the subcommand. */
export class UsageError extends CommandError {}
