import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { stripConf } from 'wireguardcfg/conf'
import { isWireGuardError } from 'wireguardcfg'
import { escapeUnprintable, hideKeys } from 'wireguardcfg/internal'
import { readTunnelFile, type TunnelFile } from '../../up/tunnel-file.js'
import type { WireGuard } from '../../wireguard.js'
import { type CommandContext, CommandError } from '../context.js'
import { withWireGuard } from '../interfaces.js'
import { abortable, printWarnings, stepPrinter } from './messages.js'
import { USAGE } from './wg-quick-usage.js'

/** What `wg-quick` was asked for. */
interface Request {
  readonly name: string
  /** As it was given, or in /etc/wireguard. */
  readonly path: string
  readonly file: TunnelFile
}

const ACTIONS = new Map<string, (request: Request, context: CommandContext) => Promise<number>>([
  ['up', up],
  ['down', down],
  ['save', save],
  ['strip', strip],
])

/** Runs the command as wg-quick(8): its arguments, its messages and its exit codes. */
export async function wgQuick(args: readonly string[], context: CommandContext): Promise<number> {
  const [first = '', given] = args
  const isHelp = args.length === 1 && ['--help', '-h', 'help'].includes(first)
  const action = args.length === 2 ? ACTIONS.get(first) : undefined
  if (action === undefined || given === undefined) {
    await context.err.write(USAGE.replaceAll('PROGRAM', context.program))
    return isHelp ? 0 : 1
  }
  const request = requestOf(given, context)
  const { file } = request
  if (file.warning !== undefined) {
    await context.err.write(`Warning: \`${file.path}' is world accessible\n`)
    await context.err.flush()
  }
  return await action(request, context)
}

const NAME = /^[a-zA-Z0-9_=+.-]{1,15}$/

function requestOf(given: string, context: CommandContext): Request {
  const path = NAME.test(given) ? `/etc/wireguard/${given}.conf` : given
  if (!existsSync(path)) throw die(context, `\`${path}' does not exist`)
  const name = /^(.+)\.conf$/.exec(basename(path))?.[1] ?? ''
  // basename() would take the slash of a folder away.
  if (!NAME.test(name) || path.endsWith('/')) {
    throw die(context, 'The config file must be a valid interface name, followed by .conf')
  }
  return { name, path, file: readTunnelFile(path) }
}

async function up({ name, path, file }: Request, context: CommandContext): Promise<number> {
  const run = (wg: WireGuard) =>
    abortable(context, async (signal) => {
      const { warnings } = await wg.upFile(path, {
        hooks: 'run',
        hookOutput: true,
        onStep: stepPrinter(context),
        resolve: { lookup: context.streams.lookup },
        signal,
      })
      const others = warnings.filter((warning) => warning !== file.warning)
      await printWarnings(others, context)
      return 0
    })
  return await withCodeOfHook(context, async () => {
    try {
      return await withWireGuard(context, run)
    } catch (error) {
      // Not what a step has found.
      const isThere =
        isWireGuardError(error) &&
        error.code === 'EEXIST' &&
        !error.summary.startsWith('could not ')
      throw isThere ? die(context, `\`${name}' already exists`) : error
    }
  })
}

async function down({ name, path }: Request, context: CommandContext): Promise<number> {
  const run = async (wg: WireGuard) => {
    const { existed, warnings } = await wg.down(name, {
      file: path,
      hookOutput: true,
      onStep: stepPrinter(context),
    })
    if (!existed) throw isNone(name, context)
    await printWarnings(warnings, context)
    return 0
  }
  return await withCodeOfHook(context, () => ofWireGuard(name, context, run))
}

async function save({ name, path }: Request, context: CommandContext): Promise<number> {
  return await ofWireGuard(name, context, async (wg) => {
    await wg.save(name, path, { resolve: { lookup: context.streams.lookup, retries: 0 } })
    return 0
  })
}

async function strip({ file }: Request, context: CommandContext): Promise<number> {
  await context.out.write(stripConf(file.text))
  return 0
}

/** Runs a step on an interface, which has to be one of WireGuard. */
async function ofWireGuard(
  name: string,
  context: CommandContext,
  step: (wg: WireGuard) => Promise<number>,
): Promise<number> {
  try {
    return await withWireGuard(context, step)
  } catch (error) {
    const isOther = isWireGuardError(error) && ['ENODEV', 'EOPNOTSUPP'].includes(error.code)
    throw isOther ? isNone(name, context) : error
  }
}

function isNone(name: string, context: CommandContext): CommandError {
  return die(context, `\`${name}' is not a WireGuard interface`)
}

/** Runs a step. When a command of the file fails, its status is that of wg-quick(8) as well. */
async function withCodeOfHook(
  context: CommandContext,
  step: () => Promise<number>,
): Promise<number> {
  try {
    return await step()
  } catch (error) {
    const status = isWireGuardError(error) ? HOOK_FAILED.exec(error.message)?.[1] : undefined
    if (status === undefined) throw error
    const { describeFailure } = await import('../failure.js')
    await context.err.write(`${describeFailure(error, context.program)}\n`)
    return Number(status)
  }
}

const HOOK_FAILED = /: the command failed with exit status (\d+)/

function die({ program }: CommandContext, message: string): CommandError {
  return new CommandError(escapeUnprintable(hideKeys(`${program}: ${message}`)))
}
