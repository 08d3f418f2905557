import type { Readable, Writable } from 'node:stream'
import type { WireGuardOptions } from '../backends.js'
import type { Lookup } from '../resolve/lookup.js'
import type { WireGuard } from '../wireguard.js'
import type { Output } from './output.js'

/** The environment of the command: its streams, its variables, and its access to WireGuard. */
export interface CommandStreams {
  readonly stdin: Readable
  /**
   * True when `stdin` is file descriptor 0: `/dev/stdin` is then opened as wg(8) opens it, anew for
   * each use.
   */
  readonly hasDescriptors?: boolean | undefined
  /** The output is coloured if `isTTY` is true. */
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly fd?: number }
  readonly stderr: Writable
  readonly env: Readonly<Record<string, string | undefined>>
  /** The name of the command in its messages; default `wireguard`. */
  readonly program?: string | undefined
  /** Opens WireGuard; default: `WireGuard.open`. */
  readonly open?: ((options: WireGuardOptions) => Promise<WireGuard>) | undefined
  /** Ends a command that goes on until a signal. */
  readonly ended?: AbortSignal | undefined
  /** Resolves host names; default: the lookup of the system. */
  readonly lookup?: Lookup | undefined
}

/** The context in which a subcommand runs. */
export interface CommandContext {
  readonly streams: CommandStreams
  readonly program: string
  /** Standard output. */
  readonly out: Output
  /** Standard error. */
  readonly err: Output
}

/** A subcommand: takes the arguments after its name and returns the exit code. */
export type Command = (args: readonly string[], context: CommandContext) => Promise<number>

/**
 * The error of a subcommand. `main` prints its message on standard error and returns 1. The message
 * has no secret.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** Wrong arguments. `main` prints the message, if any, then the usage of the subcommand. */
export class UsageError extends CommandError {}
