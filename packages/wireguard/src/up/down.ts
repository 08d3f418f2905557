import { setTimeout as sleep } from 'node:timers/promises'
import { type CallOptions, type Device, isWireGuardError, WireGuardError } from 'wireguardcfg'
import { type CallContext, callDeadline, type Deadline } from 'wireguardcfg/backend'
import { parseConf } from 'wireguardcfg/conf'
import type { LinkState } from 'wireguardnl'
import { deleteDevice } from '../delete-device.js'
import type { Host } from '../host.js'
import { DnsStack } from './dns/dns-stack.js'
import { findResolvconf, type Resolvconf } from './dns/resolvconf.js'
import { foreignTunnel } from './foreign.js'
import { runHook } from './hooks.js'
import { type CheckedDownOptions, DOWN, RESOLV_CONF } from './check-options.js'
import type { DownResult } from './options.js'
import type { PlanStep } from './plan/step.js'
import { hookCommand } from './plan/step.js'
import { allCommands, type HookCommands, tunnelSettings } from './settings.js'
import { bootId, StateFolder } from './state/state-folder.js'
import { isLinkOf, type Made, type TunnelState } from './state/state.js'
import { readTunnelFile } from './tunnel-file.js'
import { lockOf, tellSafely, undo, undoAll } from './undo.js'

/** What `down` needs besides its options. */
export interface DownHost {
  readonly host: Host
  readDevice(name: string, limits: CallOptions): Promise<Device>
  /**
   * Saves an interface in its file.
   *
   * @param hasOwnMark whether its mark does not belong into the file
   */
  save(name: string, path: string, hasOwnMark: boolean, limits: CallOptions): Promise<unknown>
}

/** Takes a tunnel down. The rules are those of `WireGuard.down`. */
export async function takeDown(source: DownHost, options: CheckedDownOptions): Promise<DownResult> {
  const { name, limits } = options
  const { network } = source.host
  const folder = await StateFolder.open(network, options.stateDirectory)
  const context = { operation: DOWN, device: name }
  using call = callDeadline(context, limits)
  using _ = await folder.lockTunnel(name, call)
  const state = folder.read(name)
  const removal = new Removal(source, folder, call, context, options)
  if (state !== undefined) {
    await removal.finish(state)
    return { existed: true, warnings: removal.warnings }
  }
  if (network.reference === undefined) await removal.restoreFormerBoot(RESOLV_CONF)
  const link = await network.find(name, limits)
  if (link === undefined) return { existed: false, warnings: removal.warnings }
  await removal.removeForeign()
  return { existed: true, warnings: removal.warnings }
}

/** What a removal may do, beside undoing what `up` made. */
export type RemovalOptions = Pick<
  CheckedDownOptions,
  'name' | 'hooks' | 'hookTimeout' | 'hookOutput' | 'save' | 'file' | 'onStep' | 'limits'
>

/** How long an interface may take to appear whose `up` was killed while it was being made, ms. */
const APPEARS_WITHIN = 500

/** Removes one tunnel, whose lock the caller holds. */
export class Removal {
  readonly #source: DownHost
  readonly #folder: StateFolder
  readonly #call: Deadline
  readonly #context: CallContext
  readonly #options: RemovalOptions
  readonly #warnings: string[] = []

  constructor(
    source: DownHost,
    folder: StateFolder,
    call: Deadline,
    context: CallContext,
    options: RemovalOptions,
  ) {
    this.#source = source
    this.#folder = folder
    this.#call = call
    this.#context = context
    this.#options = options
  }

  get warnings(): readonly string[] {
    return this.#warnings
  }

  warn(warning: string | undefined): void {
    if (warning !== undefined) this.#warnings.push(warning)
  }

  /**
   * Takes down what a state says, and deletes the state.
   *
   * @throws WireGuardError when a command before the removal failed, and nothing was changed; or
   * with what could not be undone, which the state still has
   */
  async finish(state: TunnelState): Promise<void> {
    const { name } = this.#options
    if (state.boot !== bootId()) return await this.#finishFormerBoot(state)
    const { link, isOurs } = await this.#findLink(state)
    const mayRun = this.#options.hooks === 'run' && (state.isComplete || state.hooksBegan)
    const hooks = mayRun ? this.#hooksOf(state) : undefined
    if (isOurs && state.isComplete) {
      for (const script of hooks?.preDown ?? []) await this.#runHook('PreDown', script)
      await this.#save(state)
    }
    // When this is interrupted, the next call finishes it, with PostDown and without PreDown.
    const ending = state.isComplete ? { ...state, isComplete: false, hooksBegan: true } : state
    this.#folder.write(ending)
    const ownsName = link === undefined || isOurs
    const failures = await this.#undoAll(ending, ownsName, isOurs)
    if (failures.length > 0) throw this.#notAll(failures)
    // Behind the commands, so that they are not lost, and before their errors.
    this.#folder.remove(name)
    for (const script of hooks?.postDown ?? []) await this.#runHook('PostDown', script)
  }

  /** The kernel has forgotten everything. Only files are left. */
  async #finishFormerBoot({ made, name }: TunnelState): Promise<void> {
    for (const one of made) {
      if (one.type === 'dns') await this.restoreFormerBoot(one.path)
    }
    this.#folder.remove(name)
  }

  /** Brings a file for name servers back that a tunnel had edited before the machine restarted. */
  async restoreFormerBoot(path: string): Promise<void> {
    using _ = await this.#folder.lockResolvConf(this.#call)
    this.warn(await new DnsStack(path).forgetFormerBoots())
  }

  /** Finds the interface of the name, and whether it is that of the state. */
  async #findLink(
    state: TunnelState,
  ): Promise<{ readonly link: LinkState | undefined; readonly isOurs: boolean }> {
    const { name, limits } = this.#options
    const { network } = this.#source.host
    let link = await network.find(name, limits)
    if (state.link !== undefined) return { link, isOurs: isLinkOf(state, link) }
    // The process was killed while it made the interface.
    const latest = performance.now() + APPEARS_WITHIN
    while (link === undefined && !state.isComplete && performance.now() < latest) {
      await this.#call.race(sleep(50))
      link = await network.find(name, limits)
    }
    return { link, isOurs: link !== undefined && (await this.#isUnused()) }
  }

  /** Whether the interface has neither a key nor peers, as one that was just made. */
  async #isUnused(): Promise<boolean> {
    const { name, limits } = this.#options
    try {
      const device = await this.#source.readDevice(name, limits)
      return device.privateKey === undefined && device.peers.length === 0
    } catch (error) {
      if (isWireGuardError(error) && ['ENODEV', 'EOPNOTSUPP'].includes(error.code)) return false
      throw error
    }
  }

  #hooksOf({ hooks, file }: TunnelState) {
    if (hooks !== 'file') return hooks
    try {
      const read = readTunnelFile(file ?? '')
      read.checkHooks()
      return tunnelSettings(parseConf(read.text)).hooks
    } catch (error) {
      if (!isWireGuardError(error)) throw error
      this.warn(`PreDown and PostDown did not run: ${error.message}`)
      return undefined
    }
  }

  async #runHook(when: 'PreDown' | 'PostDown', script: string): Promise<void> {
    const { name, hookTimeout: timeout, hookOutput: output, limits } = this.#options
    const within = await this.#source.host.network.within()
    this.#tell({ type: 'run-hook', command: hookCommand(script, name) })
    try {
      await runHook(script, { name, within, timeout, output, signal: limits.signal })
    } catch (error) {
      if (!isWireGuardError(error)) throw error
      throw new WireGuardError(`could not run ${when}: ${error.summary}`, {
        ...this.#context,
        code: error.code,
        detail: error.detail,
        hint:
          when === 'PreDown'
            ? 'The tunnel is up. Mend the command, or leave it out (hooks: skip)'
            : 'The tunnel is down',
        cause: error.code === 'ABORT_ERR' ? error.cause : error,
      })
    }
  }

  async #save({ file, save, hasOwnMark }: TunnelState): Promise<void> {
    const { name, limits } = this.#options
    if (!(this.#options.save ?? save)) return
    if (file === undefined) return this.warn('the tunnel came from no file, so it was not saved')
    this.#tell({ type: 'save-file', command: `wg-quick save ${name}` })
    await this.#source.save(name, file, hasOwnMark, limits)
  }

  /** Undoes everything. Returns the errors; the state then has what is left. */
  async #undoAll(
    state: TunnelState,
    ownsName: boolean,
    hasLink: boolean,
  ): Promise<readonly unknown[]> {
    const {
      made,
      hasLink: isLinkLeft,
      failures,
    } = await undoAll(state, {
      onStep: this.#options.onStep,
      undo: (one) => this.#undo(one, ownsName),
      deleteLink: hasLink ? () => this.#deleteLink() : undefined,
    })
    if (failures.length > 0) {
      const link = isLinkLeft ? state.link : undefined
      this.#folder.write({ ...state, link, made })
    }
    return failures
  }

  async #undo(made: Made, ownsName: boolean): Promise<void> {
    const { name } = this.#options
    const { network } = this.#source.host
    // What was begun is ended, whatever becomes of the caller.
    const context = { network, folder: this.#folder, name, ownsName, limits: {} }
    // Commands may have taken all the time of the call.
    using wait = callDeadline(this.#context)
    using _ = await lockOf(made, this.#folder, wait)
    this.warn(await undo(made, context))
  }

  async #deleteLink(): Promise<void> {
    await deleteDevice(this.#source.host, this.#options.name, { ifMissing: 'ignore' })
  }

  /** Takes down what wg-quick(8) or another program has made, by the conventions of wg-quick(8). */
  async removeForeign(): Promise<void> {
    const { name, limits, hooks: wanted } = this.#options
    const { network } = this.#source.host
    const device = await this.#source.readDevice(name, limits)
    const rules = await (await network.routes()).rules({}, limits)
    const ofTunnel = foreignTunnel(device, rules)
    const { hooks, saveTo, resolvconf } = this.#foreignFile()
    const mayRun = wanted === 'run' ? hooks : undefined
    for (const script of mayRun?.preDown ?? []) await this.#runHook('PreDown', script)
    await this.#saveForeign(saveTo, ofTunnel.length > 0)
    const made: Made[] = [{ type: 'firewall' }, ...ofTunnel]
    if (resolvconf !== undefined) made.push({ type: 'resolvconf', key: resolvconf.key })
    const { failures } = await undoAll(
      { made, name },
      {
        onStep: this.#options.onStep,
        undo: (one) => this.#undo(one, true),
        deleteLink: () => this.#deleteLink(),
      },
    )
    if (failures.length > 0) throw this.#notAll(failures)
    if (hooks === undefined) {
      this.warn(
        `${name} was brought up by another program: its commands did not run, and its name servers stay`,
      )
    }
    for (const script of mayRun?.postDown ?? []) await this.#runHook('PostDown', script)
  }

  /** What the file says of an interface that another program has brought up. */
  #foreignFile(): {
    readonly hooks?: HookCommands
    readonly saveTo?: string
    readonly resolvconf?: Resolvconf
  } {
    const { file } = this.#options
    if (file === undefined) return {}
    const read = readTunnelFile(file)
    const { hooks, saveConfig, dns } = tunnelSettings(parseConf(read.text))
    if (this.#options.hooks === 'run' && allCommands(hooks).length > 0) read.checkHooks()
    const resolvconf = dns.servers.length === 0 ? undefined : findResolvconf(this.#options.name)
    return {
      hooks,
      ...(saveConfig ? { saveTo: read.path } : {}),
      ...(resolvconf === undefined ? {} : { resolvconf }),
    }
  }

  async #saveForeign(path: string | undefined, hasOwnMark: boolean): Promise<void> {
    const { name, save = path !== undefined, limits } = this.#options
    if (!save || path === undefined) return
    this.#tell({ type: 'save-file', command: `wg-quick save ${name}` })
    await this.#source.save(name, path, hasOwnMark, limits)
  }

  #notAll(failures: readonly unknown[]): WireGuardError {
    const [first] = failures
    const causes = failures.map((failure) =>
      isWireGuardError(failure) ? failure.message : String(failure),
    )
    return new WireGuardError('not everything could be undone', {
      ...this.#context,
      code: isWireGuardError(first) ? first.code : 'EIO',
      detail: causes.join('; '),
      hint: 'Run down again when the cause is gone; what is left is remembered',
      cause: first,
    })
  }

  #tell(step: PlanStep): void {
    tellSafely(this.#options.onStep)(step)
  }
}
