import type { Endpoint, PublicKey, WireGuardError } from 'wireguardcfg'
import { beginResolving, type EndpointResolution, type NamedEndpoint } from './endpoints.js'
import type { ResolveConfigOptions } from './options.js'

/** A peer whose endpoint is a name. */
export interface PeerName extends NamedEndpoint {
  /** The peer. */
  readonly publicKey: PublicKey
}

/** A {@link PeerName}, and where it is in a configuration. */
export interface PlacedName extends PeerName {
  /** For errors: `peers[3].endpoint`. */
  readonly path?: string
}

/** An endpoint whose name could not be resolved. */
export interface UnresolvedEndpoint {
  /** The peer. */
  readonly publicKey: PublicKey
  /** The name. */
  readonly host: string
  /** UDP port. */
  readonly port: number
  /** Why it could not be resolved. */
  readonly error: WireGuardError
}

/** Where the names of peers led. */
export interface PeerAddresses {
  readonly failures: readonly UnresolvedEndpoint[]
  /** The address of each name that has one. */
  readonly addresses: Addresses
}

/** The addresses of names with their ports, by {@link nameOf}. */
export type Addresses = ReadonlyMap<string, Endpoint>

/** Returns what distinguishes a name with its port from others. */
export function nameOf({ host, port }: NamedEndpoint): string {
  return `${host} ${port}`
}

/**
 * Names of peers that are being resolved, all at the same time, while the caller goes on with those
 * that are known.
 */
export class PendingNames implements PeerAddresses {
  readonly #names: readonly PlacedName[]
  readonly #resolutions: (EndpointResolution | undefined)[]
  readonly #addresses = new Map<string, Endpoint>()
  readonly #onFailure: 'throw' | 'keep'
  #left: number
  /** The number that was left after the last wait. */
  #leftBefore: number
  /** What a function of the caller threw. */
  #thrown: { readonly error: unknown } | undefined
  #onChange: () => void = () => {}

  /**
   * @param options with `onFailure: 'throw'` as the default
   * @throws WireGuardError `EINVAL` for too many names
   */
  constructor(
    names: readonly PlacedName[],
    { onFailure = 'throw', ...options }: ResolveConfigOptions,
  ) {
    this.#onFailure = onFailure
    this.#names = names
    this.#left = names.length
    this.#leftBefore = names.length
    this.#resolutions = names.map(() => undefined)
    for (const [i, lookup] of beginResolving(names, options).entries()) {
      lookup.then(
        (resolution) => this.#take(i, resolution),
        (error: unknown) => {
          this.#thrown = { error }
          this.#onChange()
        },
      )
    }
  }

  /** The addresses that are known so far. */
  get addresses(): Addresses {
    return this.#addresses
  }

  /** The names that have failed so far. */
  get failures(): readonly UnresolvedEndpoint[] {
    return this.#names.flatMap(({ publicKey, host, port }, i) => {
      const error = this.#resolutions[i]?.error
      return error === undefined ? [] : { publicKey, host, port, error }
    })
  }

  /** Whether every name is known or has failed. */
  get isDone(): boolean {
    return this.#left === 0
  }

  /**
   * Waits for all names.
   *
   * @param timeout milliseconds to wait at most
   * @throws WireGuardError of a name that failed, when failures are not kept or the lookups were
   * aborted; and what a function of the caller threw
   */
  async wait(timeout = Infinity): Promise<void> {
    const over = new AbortController()
    const end = (): void => {
      over.abort()
      this.#onChange()
    }
    const timer = timeout === Infinity ? undefined : setTimeout(end, timeout)
    try {
      while (!this.isDone && !over.signal.aborted) await this.#next()
    } finally {
      clearTimeout(timer)
    }
    this.#leftBefore = this.#left
    this.#check()
  }

  /**
   * Waits until more is known than after the last wait, and then for the other names.
   *
   * @param timeout milliseconds to wait for the other names at most
   * @throws as {@link PendingNames.wait}
   */
  async waitForMore(timeout: number): Promise<void> {
    while (this.#left > 0 && this.#left === this.#leftBefore) await this.#next()
    await this.wait(timeout)
  }

  async #next(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onChange = resolve
    })
    if (this.#thrown !== undefined) throw this.#thrown.error
  }

  #check(): void {
    for (const [i, resolution] of this.#resolutions.entries()) {
      const error = resolution?.error
      if (error === undefined) continue
      const isFatal = this.#onFailure === 'throw' || error.code === 'ABORT_ERR'
      if (isFatal) throw error.with({ path: this.#names[i]!.path })
    }
  }

  #take(i: number, resolution: EndpointResolution): void {
    this.#resolutions[i] = resolution
    if (resolution.endpoint !== undefined) {
      this.#addresses.set(nameOf(this.#names[i]!), resolution.endpoint)
    }
    this.#left--
    this.#onChange()
  }
}
