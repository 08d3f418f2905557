import type { BackendKind } from 'wireguardcfg'
import { tracedMethod } from 'wireguardcfg/internal'
import type { NamespaceReference } from 'wireguardnl'
import type { DownOptions, DownResult } from './options.js'

/** What a tunnel is, besides what it can do. */
export interface TunnelFacts {
  /** The name of the interface. */
  readonly name: string
  /** The backend of the interface. */
  readonly backend: BackendKind
  /** As `OwnedDevice.fallback`. */
  readonly fallback: string | undefined
  /** Its network namespace as the caller named it; undefined: that of this process. */
  readonly netns: NamespaceReference | undefined
  /** False: it was up already (`ifExists: 'use'`). Disposal does not take it down then. */
  readonly created: boolean
  /** The address families whose internet traffic goes through the tunnel. */
  readonly families: readonly (4 | 6)[]
  /** What the caller may want to know, as sentences. */
  readonly warnings: readonly string[]
}

/** A tunnel that `WireGuard.up` brought up. `await using` takes it down at the end of the scope. */
export interface Tunnel extends TunnelFacts, AsyncDisposable {
  /**
   * Takes the tunnel down, as `WireGuard.down`. Its `WireGuard` must not be closed before.
   *
   * @throws WireGuardError as `WireGuard.down`
   */
  down(options?: DownOptions): Promise<DownResult>
}

/** Returns the handle of a tunnel. */
export function tunnelHandle(
  facts: TunnelFacts,
  down: (options?: DownOptions) => Promise<DownResult>,
): Tunnel {
  const method = tracedMethod('Tunnel', 'down', facts.name, down)
  return Object.freeze({
    ...facts,
    down: method,
    [Symbol.asyncDispose]: async () => {
      if (facts.created) await method()
    },
  })
}
