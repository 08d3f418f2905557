import type { Endpoint, PublicKey, WireGuardError } from 'wireguardcfg'
import { checkNumber, checkOptions, type OptionTable } from 'wireguardcfg/internal'
import type { Lookup } from '../resolve/lookup.js'

/** Options of `WireGuard.keepEndpoints`. */
export interface KeepOptions {
  /** Ends the keeping. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds after a handshake until a name is looked up again; default 135000. */
  readonly staleAfter?: number | undefined
  /** As `ResolveOptions.family`. */
  readonly family?: 4 | 6 | 'auto' | undefined
  /** As `ResolveOptions.lookup`. All addresses that it returns are tried. */
  readonly lookup?: Lookup | undefined
  /** Called when a peer has got another endpoint. */
  readonly onUpdate?: ((update: KeptEndpoint) => void) | undefined
  /**
   * Called when a lookup, a read or a write fails: for a name once until it succeeds or fails for
   * another reason. The keeping goes on.
   */
  readonly onError?: ((error: WireGuardError) => void) | undefined
}

/** An endpoint that was written because the name of a peer led to another address. */
export interface KeptEndpoint {
  /** The peer. */
  readonly publicKey: PublicKey
  /** The name. */
  readonly host: string
  /** The endpoint that it had; undefined: none. */
  readonly before: Endpoint | undefined
  /** The endpoint that it has now. */
  readonly after: Endpoint
}

/** The operation in the errors of a keeper. */
export const OPERATION = 'keep endpoints'

const KEEP_OPTIONS: OptionTable<KeepOptions> = {
  signal: 'signal',
  staleAfter: 'checked later',
  family: [4, 6, 'auto'],
  lookup: 'function',
  onUpdate: 'function',
  onError: 'function',
}

/** @throws WireGuardError `EINVAL` */
export function checkKeepOptions(options: KeepOptions): void {
  checkOptions(options, KEEP_OPTIONS, { operation: OPERATION })
  const { staleAfter = 0 } = options
  checkNumber('staleAfter', staleAfter, { max: 2 ** 31 - 1, expected: 'milliseconds' })
}
