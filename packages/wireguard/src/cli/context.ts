import type { Readable, Writable } from 'node:stream'
import type { WireGuardOptions } from '../backends.js'
import type { Lookup } from '../endpoints.js'
import type { WireGuard } from '../wireguard.js'
import type { Output } from './output.js'

/** What the command reads from and writes to. */
export interface CommandStreams {
  readonly stdin: Readable
  /** Its `isTTY` decides about colours. */
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly fd?: number }
  readonly stderr: Writable
  readonly env: Readonly<Record<string, string | undefined>>
  /** What the command calls itself in its messages; default `wireguard`. */
  readonly program?: string | undefined
  /** How it reaches WireGuard; default: what this machine has. */
  readonly open?: ((options: WireGuardOptions) => Promise<WireGuard>) | undefined
  /** How it looks host names up; default: as the system does. */
  readonly lookup?: Lookup | undefined
}

/** What a subcommand works with. */
export interface CommandContext {
  readonly streams: CommandStreams
  readonly program: string
  /** Standard output. */
  readonly out: Output
  /** Standard error. */
  readonly err: Output
}

/**
 * A subcommand: takes what follows its name and gives the exit code. May throw a `CommandError`.
 */
export type Command = (args: readonly string[], context: CommandContext) => Promise<number>

/**
 * Why the command gives up: what it prints on standard error before it exits with 1. Never a
 * secret.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** A wrong way of calling: its message, if any, goes before the usage of the subcommand. */
export class UsageError extends CommandError {}
