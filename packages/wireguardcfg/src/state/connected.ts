import type { Peer } from '../model/device.js'
import { invalid } from '../model/errors.js'
import { checkOptions, type OptionTable } from '../model/options.js'
import { quote } from '../model/quote.js'
import { checkHandshake } from '../model/read-device.js'

/** Options of {@link isConnected}. All times are in milliseconds. */
export interface ConnectedOptions {
  /** The time to compare with, since the epoch; default: now. */
  readonly now?: number | undefined
  /**
   * How long a peer counts as connected after a handshake. The default, 180 seconds, is the time
   * after which WireGuard refuses packets of a session (REJECT_AFTER_TIME). With traffic, there is
   * a new handshake before.
   */
  readonly connectedFor?: number | undefined
  /** How much longer, for a handshake that takes its time; default 15 seconds. */
  readonly grace?: number | undefined
}

/**
 * Returns whether a peer has completed a handshake within the last 195 seconds.
 *
 * A peer that is not connected may still be reachable: without traffic and without a keepalive
 * interval, there are no handshakes. A handshake in the future counts as one of now, because the
 * clock may have been set back since.
 *
 * @throws WireGuardError `EINVAL` for an option that is no number of milliseconds, and for what is
 * no peer
 * @example
 * ```js
 * const online = device.peers.filter((peer) => isConnected(peer))
 * ```
 */
export function isConnected(
  peer: Pick<Peer, 'lastHandshake'>,
  options: ConnectedOptions = {},
): boolean {
  const { lastHandshake } = checkHandshake(peer, CONTEXT.operation)
  // The index that `peers.filter(isConnected)` passes is no object with options.
  if (typeof options !== 'number') checkOptions(options, CONNECTED_OPTIONS, CONTEXT)
  const now = milliseconds(options.now, Date.now(), 'now')
  const { connectedFor: byDefault, grace: graceByDefault } = CONNECTED_RULE
  return isConnectedAt(lastHandshake, now, {
    connectedFor: milliseconds(options.connectedFor, byDefault, 'connectedFor'),
    grace: milliseconds(options.grace, graceByDefault, 'grace'),
  })
}

/** For how many milliseconds after a handshake a peer counts as connected: the sum of both. */
export interface ConnectedRule {
  readonly connectedFor: number
  readonly grace: number
}

/** The defaults of {@link ConnectedOptions}. */
export const CONNECTED_RULE: ConnectedRule = { connectedFor: 180_000, grace: 15_000 }

/** As {@link isConnected}, for values that have been checked. `now` is in milliseconds. */
export function isConnectedAt(
  lastHandshake: Date | undefined,
  now: number,
  { connectedFor, grace }: ConnectedRule = CONNECTED_RULE,
): boolean {
  return lastHandshake !== undefined && now - lastHandshake.getTime() <= connectedFor + grace
}

const CONNECTED_OPTIONS: OptionTable<ConnectedOptions> = {
  now: 'checked later',
  connectedFor: 'checked later',
  grace: 'checked later',
}

const CONTEXT = { operation: 'check connection' }

function milliseconds(value: number | undefined, byDefault: number, path: string): number {
  if (value === undefined) return byDefault
  if (typeof value === 'number' && value >= 0) return value
  const shown = typeof value === 'number' ? String(value) : quote(value)
  throw invalid(`expected a number of milliseconds, got ${shown}`, { path })
}
