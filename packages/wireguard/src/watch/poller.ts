import type { Device, DeviceConfig } from 'wireguardcfg'
import { type Clock, systemClock } from './clock.js'
import type { PresenceRule } from './presence.js'
import { Run, type WatchSource } from './run.js'
import { Subscription, type Wanted } from './subscription.js'

/**
 * Reads devices again and again for any number of subscriptions. It begins with the first and ends
 * with the last: nothing is kept in between.
 */
export class Poller {
  readonly #source: WatchSource
  readonly #clock: Clock
  readonly #subscriptions = new Set<Subscription>()
  /** One object for each rule, so that equal rules share their work. */
  readonly #rules = new Map<string, PresenceRule>()
  #run: Run | undefined
  readonly #ending = new Set<Promise<void>>()

  constructor(source: WatchSource, clock: Clock = systemClock) {
    this.#source = source
    this.#clock = clock
  }

  /** Begins a subscription. */
  subscribe(wanted: Wanted): Subscription {
    const rule = this.#shared(wanted.rule)
    const its = { ...wanted, rule }
    const subscription = new Subscription(its, () => this.#run?.state(its))
    this.#subscriptions.add(subscription)
    if (this.#run === undefined) this.#begin()
    else this.#run.wake()
    return subscription
  }

  /** Ends a subscription. */
  unsubscribe(subscription: Subscription): void {
    if (!this.#subscriptions.delete(subscription)) return
    subscription.end()
    if (this.#subscriptions.size > 0) return
    this.#run?.stop()
    this.#run = undefined
    this.#rules.clear()
  }

  /** A device as it was last read. */
  snapshot(name: string): Device | undefined {
    return this.#run?.snapshot(name)
  }

  /** Notes what this process is about to write. */
  noteWrite(name: string, config: DeviceConfig): void {
    this.#run?.noteWrite(name, config)
  }

  /** Ends all subscriptions, and waits for the reads that go on. */
  async close(): Promise<void> {
    for (const subscription of this.#subscriptions) this.unsubscribe(subscription)
    await Promise.all(this.#ending)
  }

  #begin(): void {
    const run = new Run(this.#source, this.#subscriptions, this.#clock)
    this.#run = run
    const ended = run.start().finally(() => {
      this.#ending.delete(ended)
      if (this.#run === run) this.#run = undefined
    })
    this.#ending.add(ended)
  }

  #shared(rule: PresenceRule): PresenceRule {
    const key = `${rule.connectedFor} ${rule.grace}`
    const shared = this.#rules.get(key) ?? rule
    this.#rules.set(key, shared)
    return shared
  }
}
