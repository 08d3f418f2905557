import type { Device } from 'wireguardcfg'
import { abortError } from 'wireguardcfg/backend'
import {
  checkNumber,
  checkOptions,
  CONNECTED_RULE,
  inContext,
  invalid,
  MOST_PEERS,
  onAbort,
  type OptionTable,
} from 'wireguardcfg/internal'
import type { WatchEvent, WatchOptions } from './events.js'
import type { Poller } from './poller.js'
import { SNAPSHOT_PEERS, type Subscription, type Wanted } from './subscription.js'

/** The operation in the errors of a watch. */
const OPERATION = 'watch devices'

const WATCH_OPTIONS: OptionTable<WatchOptions> = {
  signal: 'signal',
  devices: 'checked later',
  interval: 'checked later',
  connectedFor: 'checked later',
  grace: 'checked later',
  traffic: 'boolean',
  snapshotPeers: 'checked later',
}

/**
 * The events of WireGuard interfaces and their peers, in order: what `WireGuard.watch` returns. It
 * ends when its loop is left, when it is closed, and with its `WireGuard`.
 */
export class Watcher
  implements AsyncIterableIterator<WatchEvent, void, undefined>, AsyncDisposable
{
  readonly #poller: Poller
  readonly #subscription: Subscription
  readonly #wants: (name: string) => boolean
  readonly #stopListening: () => void

  /** @internal */
  constructor(poller: Poller, options: WatchOptions) {
    checkOptions(options, WATCH_OPTIONS, { operation: OPERATION })
    const { signal } = options
    const wanted = inContext({ operation: OPERATION }, () => wantedBy(options))
    this.#wants = wanted.devices
    this.#poller = poller
    if (signal?.aborted === true) throw abortError({ operation: OPERATION }, signal.reason)
    this.#subscription = poller.subscribe({ ...wanted, devices: (name) => this.#selects(name) })
    this.#stopListening = onAbort(signal, () => {
      this.#subscription.end({ error: abortError({ operation: OPERATION }, signal?.reason) })
      this.#leave()
    })
  }

  /**
   * Waits for the next event.
   *
   * @throws WireGuardError `ABORT_ERR`; what the function `devices` throws
   */
  async next(): Promise<IteratorResult<WatchEvent, void>> {
    let value: WatchEvent | undefined
    try {
      value = await this.#subscription.next()
    } finally {
      if (value === undefined) this.#leave()
    }
    return value === undefined ? { done: true, value } : { done: false, value }
  }

  /** Ends the watch, as leaving a loop does. */
  return(): Promise<IteratorResult<WatchEvent, void>> {
    this.#leave()
    return Promise.resolve({ done: true, value: undefined })
  }

  /**
   * Returns a device as it was last read; `undefined` before that, and when it does not exist. A
   * peer that has not changed since an earlier snapshot is the same object. Peers are frozen.
   *
   * @example
   * ```js
   * const watcher = wg.watch()
   * await watcher.next()
   * console.log(watcher.snapshot('wg0').peers.length) // 2
   * await watcher.return()
   * ```
   */
  snapshot(name: string): Device | undefined {
    return this.#wants(name) ? this.#poller.snapshot(name) : undefined
  }

  /** The watcher itself, for `for await`. */
  [Symbol.asyncIterator](): this {
    return this
  }

  /** Ends the watch. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  /** A function of the caller that throws ends this watch, and no other. */
  #selects(name: string): boolean {
    try {
      return this.#wants(name)
    } catch (error) {
      this.#subscription.end({ error })
      return false
    }
  }

  #leave(): void {
    this.#stopListening()
    this.#poller.unsubscribe(this.#subscription)
  }
}

function wantedBy(options: WatchOptions): Wanted {
  const { devices, interval = 'adaptive', traffic = false } = options
  const {
    connectedFor = CONNECTED_RULE.connectedFor,
    grace = CONNECTED_RULE.grace,
    snapshotPeers = SNAPSHOT_PEERS,
  } = options
  const time = { max: 2 ** 31 - 1, expected: 'milliseconds' }
  if (interval !== 'adaptive') checkNumber('interval', interval, { ...time, min: 1 })
  checkNumber('connectedFor', connectedFor, time)
  checkNumber('grace', grace, time)
  checkNumber('snapshotPeers', snapshotPeers, { max: MOST_PEERS, expected: 'a number of peers' })
  return {
    devices: selection(devices),
    interval,
    rule: { connectedFor, grace },
    traffic,
    snapshotPeers,
  }
}

function selection(devices: WatchOptions['devices']): (name: string) => boolean {
  if (devices === undefined) return () => true
  if (typeof devices === 'function') return devices
  if (!Array.isArray(devices)) throw notDevices()
  const names = new Set<unknown>(devices)
  if ([...names].some((name) => typeof name !== 'string')) throw notDevices()
  return (name) => names.has(name)
}

function notDevices(): Error {
  return invalid('expected a list of names, or a function', { path: 'devices' })
}
