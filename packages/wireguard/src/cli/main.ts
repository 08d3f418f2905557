import { type Command, type CommandContext, type CommandStreams, UsageError } from './context.js'
import { ClosedPipeError, Output, WriteError } from './output.js'
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
  keep: async () => (await import('./keep.js')).keep,
  up: async () => (await import('./quick/up.js')).up,
  reload: async () => (await import('./quick/reload.js')).reload,
  down: async () => (await import('./quick/down.js')).down,
  save: async () => (await import('./quick/save.js')).save,
  strip: async () => (await import('./quick/strip.js')).strip,
  plan: async () => (await import('./quick/up.js')).plan,
  metrics: async () => (await import('./metrics/metrics.js')).metrics,
  watch: async () => (await import('./watch/watch.js')).watch,
  check: async () => (await import('./check.js')).check,
}

/**
 * The exit code that a shell reports for a program that SIGPIPE ended. wg(8) ends so when its
 * output is closed.
 */
export const CLOSED_PIPE = 128 + 13

/**
 * Runs the `wireguard` command, a replacement for wg(8).
 *
 * @param argv the arguments after the name of the program
 * @returns the exit code: 0, or 1 for any failure
 */
export async function main(argv: readonly string[], streams: CommandStreams): Promise<number> {
  const out = new Output(() => streams.stdout)
  const err = new Output(() => streams.stderr, true)
  const context = { streams, program: streams.program ?? 'wireguard', out, err }
  try {
    if (context.program === WG_QUICK || argv[0] !== '--debug') return await attempt(argv, context)
    const { withDebug } = await import('./debug.js')
    return await withDebug(err, () => attempt(argv.slice(1), context))
  } catch (error) {
    return await fail(error, '', context)
  } finally {
    await err.close().catch(() => {})
    out.release()
    err.release()
  }
}

const WG_QUICK = 'wg-quick'

async function attempt(argv: readonly string[], context: CommandContext): Promise<number> {
  const { out, program } = context
  const [name = 'show', ...args] = argv
  try {
    const code =
      program === WG_QUICK
        ? await (await import('./quick/wg-quick.js')).wgQuick(argv, context)
        : await run(name, args, context)
    await out.close()
    return code
  } catch (error) {
    return await fail(error, name, context)
  }
}

/** Reports why a subcommand failed, after what it had printed. Returns the exit code. */
async function fail(error: unknown, name: string, context: CommandContext): Promise<number> {
  const { out, err } = context
  try {
    if (error instanceof ClosedPipeError) return CLOSED_PIPE
    const isUsage = error instanceof UsageError
    if (!isUsage || error.message !== '')
      await err.write(`${await describe(error, context.program)}\n`)
    if (isUsage) await err.write(usageOf(name, context.program))
    if (!(error instanceof WriteError)) await out.close()
  } catch (another) {
    if (another instanceof ClosedPipeError) return CLOSED_PIPE
    await err.write(`${await describe(another, context.program)}\n`).catch(() => {})
  }
  return 1
}

/** Returns one line about an error, even if the code that describes errors cannot be loaded. */
export async function describe(error: unknown, program: string): Promise<string> {
  try {
    const { describeFailure } = await import('./failure.js')
    return describeFailure(error, program)
  } catch {
    // For example without a file descriptor to load it with. Node's codes hold no text of the user.
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : ''
    return `${program}: failed, and cannot load what describes the failure: ${String(code)}`
  }
}

async function run(
  name: string,
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load !== undefined) {
    if (asksForHelp(name, args)) {
      await context.out.write(usageOf(name, context.program))
      return 0
    }
    return (await load())(args, context)
  }
  const isAlone = args.length === 0
  if (isAlone && (isHelp(name) || name === 'help')) await context.out.write(usage(context.program))
  else if (isAlone && VERSION_WORDS.has(name)) {
    const { version } = await import('./version.js')
    const own = `wireguard v${version()}`
    // Scripts for wg take the second word for the version.
    const isWg = context.program === 'wg'
    await context.out.write(isWg ? `${TOOLS} - ${own}\n` : `${own} (compatible with ${TOOLS})\n`)
  } else {
    throw new UsageError(`Invalid subcommand: \`${await printable(name)}'`)
  }
  return 0
}

const TOOLS = 'wireguard-tools v1.0.20260223'
const VERSION_WORDS = new Set(['--version', '-v', 'version'])

async function printable(argument: string): Promise<string> {
  return (await import('wireguardcfg/internal')).escapeUnprintable(argument)
}

/** As in wg(8), `help` is no interface for `show`, and may be one elsewhere. */
function asksForHelp(name: string, args: readonly string[]): boolean {
  const [first, ...rest] = args
  return (
    first !== undefined &&
    (isHelp(first) || (name === 'show' && first === 'help' && rest.length === 0))
  )
}

function isHelp(argument: string): boolean {
  return argument === '--help' || argument === '-h'
}
