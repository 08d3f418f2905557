import {
  type Command,
  type CommandContext,
  CommandError,
  type CommandStreams,
  UsageError,
} from './context.js'
import { ClosedPipeError, Output } from './output.js'
import { usage, usageOf } from './usage.js'

/** Loads each subcommand when it is called, so that the others do not cost start-up time. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  show: async () => (await import('./show/show.js')).show,
  showconf: async () => (await import('./showconf.js')).showconf,
  set: async () => (await import('./set/set.js')).set,
  setconf: async () => (await import('./setconf.js')).setconf,
  addconf: async () => (await import('./setconf.js')).addconf,
  syncconf: async () => (await import('./setconf.js')).syncconf,
  genkey: async () => (await import('./genkey.js')).genkey,
  genpsk: async () => (await import('./genkey.js')).genpsk,
  pubkey: async () => (await import('./pubkey.js')).pubkey,
  check: async () => (await import('./check.js')).check,
}

/**
 * The exit code that a shell reports for a program that SIGPIPE ended. wg(8) ends so when its
 * output is closed.
 */
const CLOSED_PIPE = 128 + 13

/**
 * Runs the `wireguard` command, a replacement for wg(8).
 *
 * @param argv the arguments after the name of the program
 * @returns the exit code: 0, or 1 for any failure
 */
export async function main(argv: readonly string[], streams: CommandStreams): Promise<number> {
  const out = new Output(() => streams.stdout)
  const err = new Output(() => streams.stderr)
  const context = { streams, program: streams.program ?? 'wireguard', out, err }
  try {
    if (argv[0] !== '--debug') return await attempt(argv, context)
    const { withDebug } = await import('./debug.js')
    return await withDebug(err, () => attempt(argv.slice(1), context))
  } finally {
    await err.close().catch(() => {})
    out.release()
    err.release()
  }
}

async function attempt(
  [name = 'show', ...args]: readonly string[],
  context: CommandContext,
): Promise<number> {
  const { program, out, err } = context
  try {
    const code = await run(name, args, context)
    await out.close()
    return code
  } catch (error) {
    if (error instanceof ClosedPipeError) return CLOSED_PIPE
    if (!(error instanceof CommandError)) throw error
    if (error.message !== '') await err.write(`${await withoutKeys(error.message)}\n`)
    if (error instanceof UsageError) await err.write(usageOf(name, program))
    // Write what was printed before the failure.
    await out.close()
    return 1
  }
}

async function run(
  name: string,
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load !== undefined) {
    if (args.length > 0 && isHelp(args[0]!)) {
      await context.out.write(usageOf(name, context.program))
      return 0
    }
    return (await load())(args, context)
  }
  if (isHelp(name) || name === 'help') await context.out.write(usage(context.program))
  else if (name === '--version' || name === '-v' || name === 'version') {
    const { version } = await import('./version.js')
    await context.out.write(
      `wireguard v${version()} (compatible with wireguard-tools v1.0.20260223)\n`,
    )
  } else {
    throw new UsageError(`Invalid subcommand: \`${name}'`)
  }
  return 0
}

/** Any argument may be in a message, and users paste private keys into them. */
async function withoutKeys(message: string): Promise<string> {
  const { hideKeys } = await import('wireguardcfg/internal')
  return hideKeys(message)
}

function isHelp(argument: string): boolean {
  return argument === '--help' || argument === '-h'
}
