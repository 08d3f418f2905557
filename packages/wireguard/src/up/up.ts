import { type DeviceConfig, WireGuardError } from 'wireguardcfg'
import { type CallContext, callDeadline, type Deadline } from 'wireguardcfg/backend'
import type { Conf } from 'wireguardcfg/conf'
import type { LinkState } from 'wireguardnl'
import { explainExisting } from '../create/existing.js'
import type { Network } from '../network.js'
import { inCall, plannedState, resolved, warningsOf } from './call.js'
import { type DownHost, Removal } from './down.js'
import { Execution } from './execution.js'
import { type CheckedUpOptions, PLAN, UP } from './check-options.js'
import { planTunnel } from './plan/plan.js'
import { type PlannedTunnel, publicPlan, type TunnelPlan } from './plan/planned-tunnel.js'
import { allCommands, type TunnelSettings, tunnelSettings } from './settings.js'
import { bootId, isUp, StateFolder } from './state/state-folder.js'
import type { TunnelState } from './state/state.js'
import type { TunnelFacts } from './tunnel.js'
import type { TunnelFile } from './tunnel-file.js'
import { undoOrder, undoStep } from './undo.js'

/** What a tunnel is made from. */
export interface TunnelSource {
  readonly conf: Conf
  /** The file, if it came from one. */
  readonly file: TunnelFile | undefined
}

/** Plans a tunnel. The rules are those of `WireGuard.plan`. */
export async function plan(
  { host }: DownHost,
  { conf, file }: TunnelSource,
  options: CheckedUpOptions,
): Promise<TunnelPlan> {
  const { name, limits } = options
  const context = { operation: PLAN, device: name }
  return await inCall(context, async () => {
    const settings = tunnelSettings(conf)
    const { config, warnings: unresolved } = await resolved(settings, options, context)
    const { network } = host
    const folder = await StateFolder.find(network, options.stateDirectory)
    const others = folder?.others(name) ?? []
    const former = folder?.read(name)
    const link = await network.find(name, limits)
    const isGone = former !== undefined && !isUp(former, link)
    const planned = await planTunnel({
      network,
      options,
      settings,
      config,
      others,
      former: isGone ? former : undefined,
      marking: undefined,
    })
    const warnings = [...warningsOf(file), ...unresolved, ...planned.warnings]
    if (link !== undefined && !isGone) {
      warnings.unshift(`the interface ${name} exists, so up would fail`)
    }
    const first = isGone ? leftovers(former) : []
    return publicPlan({ ...planned, warnings }, first)
  })
}

/** The steps that remove what a tunnel left that did not go down in order. */
function leftovers(former: TunnelState) {
  const { before, after } = undoOrder(former)
  return [...before, ...after].map((made) => undoStep(made, former.name))
}

/** Brings a tunnel up. The rules are those of `WireGuard.up`. */
export async function up(
  source: DownHost,
  { conf, file }: TunnelSource,
  options: CheckedUpOptions,
): Promise<TunnelFacts> {
  const { name, limits } = options
  const context = { operation: UP, device: name }
  return await inCall(context, async () => {
    const settings = tunnelSettings(conf)
    if (options.hooks === 'run' && allCommands(settings.hooks).length > 0) file?.checkHooks()
    const { config, warnings: unresolved } = await resolved(settings, options, context)
    const { network } = source.host
    const folder = await StateFolder.open(network, options.stateDirectory)
    using call = callDeadline(context, limits)
    using _ = await folder.lockTunnel(name, call)
    const settled = await settle(source, folder, call, context, options)
    if (settled.existing !== undefined) return settled.existing
    const { planned, state } = await reserve(network, folder, call, {
      options,
      settings,
      config,
      file,
    })
    const execution = new Execution({
      host: source.host,
      folder,
      options,
      planned,
      state,
      // Its own time, because a rollback may need it too.
      lockResolvConf: () => lockLater(folder, context),
    })
    const owned = await execution.run()
    return {
      name,
      backend: owned.backend,
      fallback: owned.fallback,
      netns: network.reference,
      created: true,
      families: planned.full,
      warnings: [...warningsOf(file), ...unresolved, ...settled.warnings, ...execution.warnings],
    }
  })
}

async function lockLater(folder: StateFolder, context: { operation: string; device: string }) {
  using wait = callDeadline(context)
  return await folder.lockResolvConf(wait)
}

/** What is wanted of a new tunnel. */
interface Wanted {
  readonly options: CheckedUpOptions
  readonly settings: TunnelSettings
  readonly config: DeviceConfig
  readonly file: TunnelFile | undefined
}

/**
 * Makes the plan and writes it down as the state, while no other tunnel of the namespace can: each
 * then sees what the others have chosen.
 */
async function reserve(
  network: Network,
  folder: StateFolder,
  call: Deadline,
  { options, settings, config, file }: Wanted,
): Promise<{ readonly planned: PlannedTunnel; readonly state: TunnelState }> {
  const { name } = options
  using _ = await folder.lockNamespace(call)
  const others = folder.others(name)
  const planned = await planTunnel({
    network,
    options,
    settings,
    config,
    others,
    former: undefined,
    marking: undefined,
  })
  const state: TunnelState = {
    version: 1,
    name,
    boot: bootId(),
    link: undefined,
    isComplete: false,
    hooksBegan: false,
    file: file?.path,
    save: file !== undefined && settings.saveConfig,
    ...plannedState(planned, settings, options),
  }
  folder.write(state)
  return { planned, state }
}

/** Deals with a tunnel or an interface of this name that is there already. */
async function settle(
  source: DownHost,
  folder: StateFolder,
  call: Deadline,
  context: CallContext,
  options: CheckedUpOptions,
): Promise<{ readonly existing?: TunnelFacts; readonly warnings: readonly string[] }> {
  const { name, limits, ifExists, hooks, hookTimeout, hookOutput, onStep } = options
  const { network } = source.host
  const state = folder.read(name)
  const link = await network.find(name, limits)
  const isThere = state !== undefined && isUp(state, link)
  if (isThere && ifExists === 'use') {
    return { existing: existing(state, link!, network.reference), warnings: [] }
  }
  if (isThere && ifExists === 'error') throw isUpAlready()
  const warnings: string[] = []
  if (state !== undefined) {
    const removal = new Removal(source, folder, call, context, {
      name,
      hooks: hooks === 'run' ? 'run' : 'skip',
      hookTimeout,
      hookOutput,
      save: undefined,
      onStep,
      limits,
    })
    await removal.finish(state)
    warnings.push(...removal.warnings)
    if (!isThere) warnings.push('what an earlier tunnel of this name had left was removed first')
  }
  const foreign = await network.find(name, limits)
  if (foreign === undefined) return { warnings }
  throw await explainExisting(interfaceIsThere(foreign), source.host, name)
}

function existing(
  { name, full }: TunnelState,
  { kind }: LinkState,
  netns: TunnelFacts['netns'],
): TunnelFacts {
  const backend = kind === 'wireguard' ? 'kernel' : 'userspace'
  const facts = { name, backend, fallback: undefined, netns, created: false } as const
  return { ...facts, families: full, warnings: [] }
}

function isUpAlready(): WireGuardError {
  return new WireGuardError('the tunnel is up', {
    code: 'EEXIST',
    hint: "Take it down first, or pass ifExists: 'use' or 'replace'",
  })
}

function interfaceIsThere({ kind }: LinkState): WireGuardError {
  return new WireGuardError('an interface of this name exists', {
    code: 'EEXIST',
    detail: kind === undefined ? undefined : `kind ${kind}`,
    hint: 'Take it down or delete it first, or choose another name',
  })
}
