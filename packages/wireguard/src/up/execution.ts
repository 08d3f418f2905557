import { type CallOptions, isWireGuardError, WireGuardError } from 'wireguardcfg'
import { abortError } from 'wireguardcfg/backend'
import { createInterface } from '../create/create.js'
import type { OwnedInterface } from '../create/interface.js'
import type { Host } from '../host.js'
import { act, type ActContext } from './act.js'
import { runHook } from './hooks.js'
import { type CheckedUpOptions, UP } from './check-options.js'
import { madeBy } from './plan/draft.js'
import { type PlannedTunnel, publicStep } from './plan/planned-tunnel.js'
import { stepTitle, type UpStep } from './plan/step.js'
import type { FileLock } from './state/file-lock.js'
import type { StateFolder } from './state/state-folder.js'
import type { Made, TunnelState } from './state/state.js'
import { refusesTraffic, undo, undoAll } from './undo.js'

/** What is needed to carry out a plan. */
export interface ExecutionInit {
  readonly host: Host
  readonly folder: StateFolder
  readonly options: CheckedUpOptions
  readonly planned: PlannedTunnel
  /** As it was written before anything was made. */
  readonly state: TunnelState
  /** Waits for the lock of the files for name servers. */
  readonly lockResolvConf: () => Promise<FileLock>
}

/**
 * Carries out a plan, step by step. When one fails, everything is undone that was begun, from
 * memory, and the state has what could not be undone.
 */
export class Execution {
  readonly #init: ExecutionInit
  readonly #warnings: string[]
  /** What may have been made, in this order. */
  readonly #begun: Made[]
  #state: TunnelState
  #owned: OwnedInterface | undefined
  /** The listen port of a userspace device is set when it is up: its reply has the error then. */
  #latePort: number | undefined
  #current: UpStep | undefined

  constructor(init: ExecutionInit) {
    this.#init = init
    this.#state = init.state
    this.#warnings = [...init.planned.warnings]
    const fromSteps = new Set(this.#planned.steps.map((step) => keyOf(this.#madeBy(step))))
    this.#begun = init.state.made.filter((made) => !fromSteps.has(keyOf(made)))
  }

  get warnings(): readonly string[] {
    return this.#warnings
  }

  /** @throws WireGuardError of the step that failed, after everything was undone */
  async run(): Promise<OwnedInterface> {
    const { folder } = this.#init
    try {
      for (const step of this.#planned.steps) await this.#step(step)
      this.#checkAborted()
      this.#state = { ...this.#state, isComplete: true }
      folder.write(this.#state)
    } catch (error) {
      throw await this.#rollBack(error)
    }
    return this.#owned!
  }

  get #planned(): PlannedTunnel {
    return this.#init.planned
  }

  get #limits(): CallOptions {
    return this.#init.options.limits
  }

  #madeBy(step: UpStep): Made | undefined {
    return madeBy(step, this.#planned.name)
  }

  #checkAborted(): void {
    const { signal } = this.#limits
    if (signal?.aborted !== true) return
    throw abortError({ operation: UP, device: this.#planned.name }, signal.reason)
  }

  async #step(step: UpStep): Promise<void> {
    this.#checkAborted()
    this.#current = step
    this.#init.options.onStep(publicStep(step, this.#planned.name))
    const made = this.#madeBy(step)
    if (made !== undefined) this.#begun.push(made)
    try {
      await this.#act(step)
    } catch (error) {
      // Whoever has made it, it was not this step.
      const isForeign = isWireGuardError(error) && error.code === 'EEXIST'
      if (made !== undefined && isForeign) this.#begun.pop()
      throw error
    }
  }

  async #act(step: UpStep): Promise<void> {
    switch (step.type) {
      case 'create-interface':
        return await this.#create()
      case 'run-hook':
        return await this.#runHook(step.script)
      case 'configure-device':
        return await this.#configure(step.config)
      case 'add-address':
        return await this.#owned!.addAddress(step.address, this.#limits)
      case 'set-link':
        return await this.#bringUp(step.mtu)
      default:
        return await act(step, this.#actContext)
    }
  }

  get #actContext(): ActContext {
    const { host, folder, options, lockResolvConf } = this.#init
    return {
      operation: UP,
      network: host.network,
      folder,
      options,
      link: this.#state.link!.index,
      limits: this.#limits,
      lockResolvConf,
      warn: (warning) => this.#warn(warning),
    }
  }

  #warn(warning: string | undefined): void {
    if (warning !== undefined) this.#warnings.push(warning)
  }

  async #create(): Promise<void> {
    const { host, folder, options } = this.#init
    const { name, backend } = options
    this.#owned = await createInterface(host, name, { backend, ...this.#limits })
    const { index, kind = '' } = await this.#owned.link({})
    this.#state = { ...this.#state, link: { index, kind } }
    folder.write(this.#state)
  }

  async #runHook(script: string): Promise<void> {
    const { host, folder, options } = this.#init
    const { name, hookTimeout: timeout, hookOutput: output } = options
    if (!this.#state.hooksBegan) {
      this.#state = { ...this.#state, hooksBegan: true }
      folder.write(this.#state)
    }
    const within = await host.network.within()
    await runHook(script, { name, within, timeout, output, signal: this.#limits.signal })
  }

  async #configure(config: (UpStep & { type: 'configure-device' })['config']): Promise<void> {
    const owned = this.#owned!
    const { listenPort = 0, ...others } = config
    if (owned.backend === 'userspace' && listenPort !== 0) {
      this.#latePort = listenPort
      return await owned.configure(others, this.#limits)
    }
    await owned.configure(config, this.#limits)
  }

  async #bringUp(mtu: number): Promise<void> {
    const owned = this.#owned!
    await owned.setMtu(mtu, this.#limits)
    await owned.bringUp(this.#limits)
    if (this.#latePort === undefined) return
    await owned.configure({ listenPort: this.#latePort }, this.#limits)
  }

  async #rollBack(error: unknown): Promise<unknown> {
    const { options } = this.#init
    const isRefusing = this.#begun.some((made) => made.type === 'rule' && made.rule.invert === true)
    const kept = options.killSwitch && isRefusing ? this.#begun.filter(refusesTraffic) : []
    const owned = this.#owned
    const begun = this.#begun.filter((made) => !kept.includes(made))
    const left = await undoAll(
      { made: begun, name: options.name },
      {
        onStep: options.onStep,
        undo: (made) => this.#undo(made),
        deleteLink: owned && (() => owned.remove({})),
      },
    )
    const failures = [...left.failures]
    const remaining = [...kept, ...left.made]
    try {
      const { folder } = this.#init
      if (remaining.length === 0 && !left.hasLink) folder.remove(options.name)
      else folder.write({ ...this.#state, isComplete: false, made: remaining })
    } catch (failure) {
      failures.push(failure)
    }
    if (!isWireGuardError(error)) return error
    return this.#explain(error, kept.length > 0, failures)
  }

  async #undo(made: Made): Promise<void> {
    const { host, folder, options } = this.#init
    const { network } = host
    using _ = made.type === 'dns' ? await this.#init.lockResolvConf() : undefined
    this.#warn(
      await undo(made, { network, folder, name: options.name, ownsName: true, limits: {} }),
    )
  }

  #explain(cause: WireGuardError, isRefusing: boolean, failures: readonly unknown[]) {
    const { code, summary, path, detail, hint } = cause
    const { name } = this.#init.options
    const step = this.#current
    const isNamed = step === undefined || summary.startsWith('could not ')
    const hints = [
      hint,
      isRefusing ? `The kill switch refuses all traffic until down ${name}` : undefined,
      ...failures.map((failure) => `Run down ${name}, as not all was undone (${textOf(failure)})`),
    ].filter((part) => part !== undefined)
    return new WireGuardError(isNamed ? summary : `could not ${stepTitle(step)}: ${summary}`, {
      code,
      operation: UP,
      device: name,
      path,
      detail,
      hint: hints.length === 0 ? undefined : hints.join('. '),
      // As in every call, the cause of an abort is the reason of the caller's signal.
      cause: code === 'ABORT_ERR' ? cause.cause : cause,
    })
  }
}

function keyOf(made: Made | undefined): string {
  return made === undefined ? '' : JSON.stringify(made)
}

function textOf(error: unknown): string {
  return isWireGuardError(error) ? error.message : String(error)
}
