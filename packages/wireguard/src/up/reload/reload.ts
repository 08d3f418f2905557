import { type DeviceConfig, isWireGuardError, WireGuardError } from 'wireguardcfg'
import { abortError, type CallContext, callDeadline, type Deadline } from 'wireguardcfg/backend'
import type { CheckedDeviceConfig } from 'wireguardcfg/backend'
import type { LinkState } from 'wireguardnl'
import { act } from '../act.js'
import { inCall, plannedState, resolved, type ResolvedSettings, warningsOf } from '../call.js'
import { revertResolved } from '../dns/resolved.js'
import type { DownHost } from '../down.js'
import { type CheckedReloadOptions, type CheckedUpOptions, RELOAD } from '../check-options.js'
import type { ReloadResult } from '../options.js'
import { markingOf } from '../plan/draft.js'
import { planTunnel } from '../plan/plan.js'
import type { PlannedTunnel } from '../plan/planned-tunnel.js'
import type { PlanStep } from '../plan/step.js'
import { allCommands, type TunnelSettings, tunnelSettings } from '../settings.js'
import { isUp, StateFolder } from '../state/state-folder.js'
import type { Made, TunnelState } from '../state/state.js'
import { ignoring, lockOf, undo } from '../undo.js'
import type { TunnelSource } from '../up.js'
import { missing, reloadChanges } from './changes.js'
import { type CurrentRequest, readCurrent } from './current.js'
import { publicReloadStep, type ReloadStep, reloadStepTitle } from './step.js'

/** What `reload` needs besides its options. */
export interface ReloadHost extends DownHost {
  configure(name: string, config: DeviceConfig, limits: CheckedUpOptions['limits']): Promise<void>
}

/** Changes a tunnel that is up. The rules are those of `WireGuard.reload`. */
export async function reload(
  source: ReloadHost,
  { conf, file }: TunnelSource,
  options: CheckedReloadOptions,
): Promise<ReloadResult & { readonly checked: CheckedUpOptions }> {
  const { name, limits } = options
  const context = { operation: RELOAD, device: name }
  return await inCall(context, async () => {
    const settings = tunnelSettings(conf)
    // Before the locks: names may take long.
    const found = await resolved(settings, options.complete({}), context)
    const { network } = source.host
    const folder = await StateFolder.open(network, options.stateDirectory)
    using call = callDeadline(context, limits)
    using _ = await folder.lockTunnel(name, call)
    const state = await stateOf(source, folder, name, limits)
    const checked = options.complete(state.options ?? {})
    if (checked.hooks === 'run' && allCommands(settings.hooks).length > 0) file?.checkHooks()
    const run = new Reload(source, folder, context, checked, options.dryRun)
    const save = settings.saveConfig && (file?.path ?? state.file) !== undefined
    const next = { file: file?.path ?? state.file, save, settings }
    const families = await run.run(state, next, found)
    const warnings = [...warningsOf(file), ...found.warnings, ...run.warnings]
    return { steps: run.steps, families, warnings, checked }
  })
}

/** Returns the state of a tunnel that is up. */
async function stateOf(
  { host }: ReloadHost,
  folder: StateFolder,
  name: string,
  limits: CheckedUpOptions['limits'],
): Promise<TunnelState> {
  const state = folder.read(name)
  const link = await host.network.find(name, limits)
  if (state !== undefined && isUp(state, link)) return state
  throw notUp(state, link)
}

function notUp(state: TunnelState | undefined, link: LinkState | undefined): WireGuardError {
  if (link === undefined || state !== undefined) {
    return new WireGuardError('the tunnel is not up', {
      code: 'ENODEV',
      hint: 'Bring it up',
    })
  }
  return new WireGuardError('the interface was not brought up by this package', {
    code: 'EOPNOTSUPP',
    detail: link.kind === undefined ? undefined : `kind ${link.kind}`,
    hint: 'Take it down and bring it up once; or change its keys and peers alone, with applyConf',
  })
}

/** What the file says besides the plan. */
interface Next {
  readonly file: string | undefined
  readonly save: boolean
  readonly settings: TunnelSettings
}

/** One reload of a tunnel whose lock the caller holds. */
class Reload {
  readonly #source: ReloadHost
  readonly #folder: StateFolder
  readonly #context: CallContext
  readonly #options: CheckedUpOptions
  readonly #isDry: boolean
  readonly #steps: PlanStep[] = []
  readonly #warnings: string[] = []

  constructor(
    source: ReloadHost,
    folder: StateFolder,
    context: CallContext,
    options: CheckedUpOptions,
    isDry: boolean,
  ) {
    this.#source = source
    this.#folder = folder
    this.#context = context
    this.#options = options
    this.#isDry = isDry
  }

  /** What was done, or would be. */
  get steps(): readonly PlanStep[] {
    return this.#steps
  }

  get warnings(): readonly string[] {
    return this.#warnings
  }

  /** Returns the families of the new default routes. */
  async run(
    state: TunnelState,
    { file, save, settings }: Next,
    { config, addresses }: ResolvedSettings,
  ): Promise<PlannedTunnel['full']> {
    const { network } = this.#source.host
    const folder = this.#folder
    const options = this.#options
    const reserve = async () => {
      // As `up`: each tunnel sees what the others have chosen.
      using _ = await this.#lock((wait) => folder.lockNamespace(wait))
      const device = await this.#source.readDevice(state.name, options.limits)
      const marking = markingOf(state, device.firewallMark)
      const others = folder.others(state.name)
      const request = { network, options, settings, config, others, former: state, marking }
      const planned = await planTunnel(request)
      const wanted: CurrentRequest = {
        network,
        folder,
        options,
        planned,
        state,
        marking,
        addresses,
        device,
      }
      const changes = reloadChanges(planned, await readCurrent(wanted))
      if (!this.#isDry) {
        // Whatever happens on the way, `down` undoes both.
        const made = [...state.made, ...changes.temporary, ...planned.made]
        const hasOwnMark = state.hasOwnMark || planned.hasOwnMark
        folder.write({ ...state, made, hasOwnMark })
      }
      return { planned, wanted, changes }
    }
    const { planned, wanted, changes } = await reserve()
    this.#warnings.push(...planned.warnings)
    await this.#runAll(changes.steps, state)
    if (this.#isDry) return planned.full
    if (changes.steps.some(({ type }) => type === 'remove-address')) {
      await this.#runAll(missing(planned, await readCurrent(wanted)), state)
    }
    folder.write({
      ...state,
      file,
      save,
      ...plannedState(planned, settings, options),
    })
    return planned.full
  }

  async #runAll(steps: readonly ReloadStep[], state: TunnelState): Promise<void> {
    const { name, onStep } = this.#options
    for (const [done, step] of steps.entries()) {
      const shown = publicReloadStep(step, name)
      this.#steps.push(shown)
      if (this.#isDry) continue
      try {
        this.#checkAborted()
        onStep(shown)
        await this.#act(step, state)
      } catch (error) {
        throw isWireGuardError(error) ? this.#explain(error, step, done, steps.length) : error
      }
    }
  }

  #checkAborted(): void {
    const { signal } = this.#options.limits
    if (signal?.aborted === true) throw abortError(this.#context, signal.reason)
  }

  async #act(step: ReloadStep, state: TunnelState): Promise<void> {
    const { network } = this.#source.host
    const { name, limits } = this.#options
    const link = state.link!.index
    switch (step.type) {
      case 'sync-device':
        return await this.#configure(step.config)
      case 'set-mark':
        return await this.#configure({ firewallMark: step.mark })
      case 'add-address':
        return await (await network.links()).addAddress(name, step.address, limits)
      case 'remove-address':
        // One that was primary may have taken it along.
        return await ignoring(['EADDRNOTAVAIL'], async () =>
          (await network.links()).removeAddress(name, step.address, limits),
        )
      case 'set-link':
        return await (await network.links()).setLink(name, { mtu: step.mtu, up: true }, limits)
      case 'replace-route':
        return await (await network.routes()).replaceRoute(step.route, limits)
      case 'delete-route':
        return await ignoring(['ESRCH'], async () =>
          (await network.routes()).deleteRoute(step.route, limits),
        )
      case 'forget-resolved':
        return await this.#forgetResolved(link)
      case 'undo':
        return await this.#undo(step.made)
      default:
        return await act(step, {
          operation: RELOAD,
          network,
          folder: this.#folder,
          options: this.#options,
          link,
          limits,
          lockResolvConf: () => this.#lock((wait) => this.#folder.lockResolvConf(wait)),
          warn: (warning) => this.#warnings.push(warning),
        })
    }
  }

  /** Waits for a lock, with a time of its own: the steps before may have taken long. */
  async #lock<T>(take: (wait: Deadline) => Promise<T>): Promise<T> {
    using wait = callDeadline(this.#context, this.#options.limits)
    return await take(wait)
  }

  async #forgetResolved(link: number): Promise<void> {
    using call = callDeadline(this.#context, this.#options.limits)
    await revertResolved(link, call)
  }

  async #configure(config: CheckedDeviceConfig): Promise<void> {
    const { name, limits } = this.#options
    await this.#source.configure(name, config, limits)
  }

  async #undo(made: Made): Promise<void> {
    const { network } = this.#source.host
    const { name, limits } = this.#options
    using _ = await this.#lock((wait) => lockOf(made, this.#folder, wait))
    const context = { network, folder: this.#folder, name, ownsName: true, limits }
    const warning = await undo(made, context)
    if (warning !== undefined) this.#warnings.push(warning)
  }

  #explain(cause: WireGuardError, step: ReloadStep, done: number, all: number): WireGuardError {
    const { code, summary, path, detail, hint } = cause
    const isAborted = code === 'ABORT_ERR'
    const title = `could not ${reloadStepTitle(step, this.#options.name)}`
    const counted = `${done} of ${all} steps were made`
    return new WireGuardError(isAborted ? summary : `${title}: ${summary}`, {
      ...this.#context,
      code,
      path,
      detail: detail === undefined ? counted : `${detail}; ${counted}`,
      hint: [hint, 'The tunnel is up, partly changed: reload again, or take it down']
        .filter((part) => part !== undefined)
        .join('. '),
      cause: isAborted ? cause.cause : cause,
    })
  }
}
