import { type Conf, ConfError, parseConf } from 'wireguardcfg/conf'
import type { CheckedDeviceConfig, Endpoint } from 'wireguardcfg'
import {
  type ConfConversion,
  type ConfMode,
  mergeConfigs,
  toDeviceConfigs,
  wgReport,
  withEndpoints,
} from 'wireguardcfg/internal/conf'
import { type Command, type CommandContext, CommandError, UsageError } from './context.js'
import { lookUp, resolutionRetries } from './endpoints.js'
import { readInput } from './input.js'
import { checkedName, modifying, retrieving, withWireGuard } from './interfaces.js'
import type { SyncTarget } from '../sync/sync.js'

/**
 * `setconf`: replaces the configuration of an interface. Settings absent from the file are reset.
 */
export const setconf: Command = (args, context) => apply('setconf', args, context)

/** `addconf`: adds the configuration of a file to an interface. */
export const addconf: Command = (args, context) => apply('addconf', args, context)

/** `syncconf`: as `setconf`, but sends only the differences, so the sessions of peers continue. */
export const syncconf: Command = async (args, context) => {
  const { name, configs } = await readConfigs('setconf', args, context)
  const { syncDevice } = await import('../sync/sync.js')
  const config = mergeConfigs(configs)
  // wg(8) reads the interface only if the file has peers.
  const readsDevice = config.peers !== undefined && config.peers.length > 0
  return withWireGuard(context, async (wg) => {
    const target: SyncTarget = {
      device: readsDevice
        ? (device) => retrieving(() => wg.device(device))
        : (device) => wg.device(device),
      configureDevice: (device, difference) => wg.configureDevice(device, difference),
    }
    // As wg(8), write the endpoints of the file even if the peer has roamed.
    await modifying(() => syncDevice(target, name, config, { endpoints: 'write' }))
    return 0
  })
}

async function apply(
  mode: ConfMode,
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  const { name, configs } = await readConfigs(mode, args, context)
  return withWireGuard(context, async (wg) => {
    for (const config of configs) await modifying(() => wg.configureDevice(name, config))
    return 0
  })
}

async function readConfigs(
  mode: ConfMode,
  args: readonly string[],
  context: CommandContext,
): Promise<{ readonly name: string; readonly configs: readonly CheckedDeviceConfig[] }> {
  const [name, path, ...rest] = args
  if (name === undefined || path === undefined || rest.length > 0) throw new UsageError('')
  const conf = parseConf(await readInput(path, context, { replaces: mode === 'setconf' }))
  const report = wgReport(conf)
  const conversion = convert(conf, mode, report)
  await context.err.write(report)
  const addresses = await lookUpAll(conversion, context)
  return { name: checkedName(name), configs: withEndpoints(conversion, addresses) }
}

async function lookUpAll(
  { configs, unresolved }: ConfConversion,
  context: CommandContext,
): Promise<readonly Endpoint[]> {
  const hasEndpoint = configs.some(({ peers }) => peers?.some(({ endpoint }) => endpoint))
  if (!hasEndpoint && unresolved.length === 0) return []
  const retries = resolutionRetries(context)
  const texts = unresolved.map(({ host, port }) => `${host}:${port}`)
  try {
    return await lookUp(unresolved, texts, retries, context)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new CommandError(`${error.message}\nConfiguration parsing error`)
  }
}

/** Converts a file. @throws CommandError with the report if the file has an error */
function convert(conf: Conf, mode: ConfMode, report: string): ConfConversion {
  try {
    return toDeviceConfigs(conf, mode, { dialect: 'wg' })
  } catch (error) {
    if (!(error instanceof ConfError)) throw error
    throw new CommandError(report.trimEnd())
  }
}
