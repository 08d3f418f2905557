import type { CallOptions, DeviceConfig, NamedDeviceConfig } from 'wireguardcfg'
import { callDeadline, type Deadline } from 'wireguardcfg/backend'
import { invalid, isWireGuardError, onAbort } from 'wireguardcfg/internal'
import { resolveNames } from './config.js'
import { checkResolveOptions } from './lookup.js'
import type { Addresses } from './names.js'
import { RESOLVE_CONFIG_OPTIONS, type ResolveConfigOptions } from './options.js'

/** A configuration for a call, whose names were resolved if the call has the option. */
export interface ConfigForCall {
  readonly config: DeviceConfig
  /** The addresses of the names; undefined: the call has no option `resolve`. */
  readonly addresses: Addresses | undefined
}

/**
 * Resolves the names of a configuration as the option `resolve` of a call says.
 *
 * @param limits of the call, which hold for the lookups too
 * @param patience milliseconds after which names without an address count as failed
 * @throws WireGuardError `EINVAL` with the `path` of the option, and as `resolveConfig`
 */
export async function resolveForCall(
  config: NamedDeviceConfig,
  resolve: boolean | ResolveConfigOptions | undefined,
  limits: CallOptions,
  context: CallContext,
  patience?: number,
): Promise<ConfigForCall> {
  if (resolve === undefined || resolve === false) return { config, addresses: undefined }
  const options = resolveOptionsOf(resolve, context)
  using lookups = new CallLookups(options, limits, context)
  const { resolved, addresses } = await lookups.wait(
    resolveNames(config, lookups.options, patience),
  )
  return { config: resolved, addresses }
}

/** The call that lookups belong to. */
interface CallContext {
  readonly operation: string
  readonly device: string
}

/**
 * The lookups of one call. They end with the signal of the call, with their own, after the
 * `timeout` of the call, and when this is disposed of.
 */
export class CallLookups implements Disposable {
  /** The options for the lookups. */
  readonly options: ResolveConfigOptions
  readonly #context: CallContext
  readonly #ended = new AbortController()
  readonly #stopListening: () => void
  readonly #deadline: Deadline

  /** @throws WireGuardError `ABORT_ERR` when the signal of the call is already aborted */
  constructor(
    options: ResolveConfigOptions,
    { signal, timeout }: CallOptions,
    context: CallContext,
  ) {
    const { signal: own } = options
    this.#context = context
    // A lookup makes no progress until it ends.
    this.#deadline = callDeadline(context, { signal, timeout, idleTimeout: 0 })
    this.#stopListening = onAbort(own, () => this.#ended.abort(own?.reason))
    if (own?.aborted === true) this.#ended.abort(own.reason)
    this.options = { ...options, signal: this.#ended.signal }
  }

  /**
   * Waits for lookups.
   *
   * @throws WireGuardError `ETIMEDOUT`, `ABORT_ERR`, and what the step throws, with the context of
   * the call
   */
  async wait<T>(step: Promise<T>): Promise<T> {
    try {
      return await this.#deadline.race(step, () => this.#ended.abort())
    } catch (error) {
      throw isWireGuardError(error) ? error.with(this.#context) : error
    }
  }

  [Symbol.dispose](): void {
    this.#deadline[Symbol.dispose]()
    this.#stopListening()
    this.#ended.abort()
  }
}

/**
 * Returns the options for lookups that the option `resolve` of a call has; none for true and false.
 *
 * @throws WireGuardError `EINVAL` with the `path` of the option
 */
export function resolveOptionsOf(
  resolve: boolean | ResolveConfigOptions,
  context: CallContext,
): ResolveConfigOptions {
  if (typeof resolve === 'boolean') return {}
  if (typeof resolve !== 'object' || resolve === null) {
    throw invalid('expected true, false or an object with options', { ...context, path: 'resolve' })
  }
  checkResolveOptions(resolve, RESOLVE_CONFIG_OPTIONS, { ...context, path: 'resolve.' })
  return resolve
}
