import type { Device, PublicKey } from 'wireguardcfg'
import type { PresenceRule } from './presence.js'
import type { WatchEvent } from './events.js'

/** What a subscription wants. */
export interface Wanted {
  readonly devices: (name: string) => boolean
  readonly interval: number | 'adaptive'
  readonly rule: PresenceRule
  readonly traffic: boolean
  /** See `WatchOptions.snapshotPeers`. */
  readonly snapshotPeers: number
  /** Called after each read of a device. The subscription then has no events but errors. */
  readonly onRead?: ((read: DeviceRead) => void) | undefined
}

/** A device that was just read. Times are of the clock that goes on while the machine sleeps. */
export interface DeviceRead {
  readonly device: Device
  /** When the last handshake of a peer was; undefined: there was none. */
  readonly bornAt: (publicKey: PublicKey) => number | undefined
  readonly now: () => number
}

/** The default of `WatchOptions.snapshotPeers`. */
export const SNAPSHOT_PEERS = 20_000

/** The most events that wait for a consumer. */
export const MOST_EVENTS = 1000

/**
 * The events that wait for one consumer. When it does not read them and too many wait, they are
 * dropped. It is then told so, and gets the whole state when it reads again.
 */
export class Subscription {
  readonly wanted: Wanted
  /** Returns the events of the state as it is; undefined: nothing has been read yet. */
  readonly #state: () => Iterable<WatchEvent> | undefined
  readonly #chunks: Iterator<WatchEvent>[] = []
  /** How many events have not been read, as far as that is known. */
  #waiting = 0
  #needsState: boolean
  #isLate = false
  #end: { readonly error?: unknown } | undefined
  #wake: () => void = () => {}

  constructor(wanted: Wanted, state: () => Iterable<WatchEvent> | undefined) {
    this.wanted = wanted
    this.#state = state
    this.#needsState = wanted.onRead === undefined
  }

  /**
   * Adds the events of one look at one thing, of which there may be many: only those that were
   * added before count as unread.
   */
  push(events: readonly WatchEvent[]): void {
    // The state that it will get has everything but errors.
    const useful = this.#needsState ? events.filter(({ type }) => type === 'error') : events
    const wanted = useful.filter((event) => this.#wants(event))
    if (wanted.length > 0) this.#add(wanted, wanted.length)
  }

  /** Adds the events of a new device, which are made when they are read. */
  pushState(events: Iterable<WatchEvent>, length: number): void {
    if (!this.#needsState && this.wanted.onRead === undefined) this.#add(events, length)
  }

  /** Wakes the consumer, because the state has been read for the first time. */
  notify(): void {
    this.#wake()
  }

  /** Ends it: after the events that wait, the consumer gets the error, or the end. */
  end(end: { readonly error?: unknown } = {}): void {
    this.#end ??= end
    this.#wake()
  }

  /** Returns the next event, when there is one; undefined: it has ended. */
  async next(): Promise<WatchEvent | undefined> {
    for (;;) {
      const event = this.#take()
      if (event !== undefined) return event
      if (this.#end !== undefined) {
        const { error } = this.#end
        this.#end = {}
        if (error !== undefined) throw error
        return undefined
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #add(events: Iterable<WatchEvent>, length: number): void {
    if (this.#waiting >= MOST_EVENTS) {
      this.#chunks.length = 0
      this.#waiting = 0
      this.#needsState = this.#isLate = this.wanted.onRead === undefined
    } else {
      this.#chunks.push(events[Symbol.iterator]())
      this.#waiting += length
    }
    this.#wake()
  }

  #take(): WatchEvent | undefined {
    if (this.#needsState && this.#end === undefined) {
      const state = this.#state()
      if (state === undefined) return this.#shift()
      this.#needsState = false
      this.#chunks.push(state[Symbol.iterator]())
      if (this.#isLate) {
        this.#isLate = false
        return { type: 'resync', missed: 'slow-consumer', at: new Date() }
      }
    }
    return this.#shift()
  }

  #shift(): WatchEvent | undefined {
    for (;;) {
      const { value, done } = this.#chunks[0]?.next() ?? {}
      if (value === undefined) {
        if (this.#chunks.length === 0) return undefined
        this.#chunks.shift()
        if (this.#chunks.length === 0) this.#waiting = 0
      } else if (done !== true) {
        this.#waiting = Math.max(0, this.#waiting - 1)
        return value
      }
    }
  }

  #wants(event: WatchEvent): boolean {
    if (event.type === 'traffic' && !this.wanted.traffic) return false
    if (event.type !== 'error' && this.wanted.onRead !== undefined) return false
    if (!('device' in event) || event.device === undefined) return true
    // Who watches the old name learns where the device went.
    if (event.type === 'device-renamed' && this.wanted.devices(event.from)) return true
    return this.wanted.devices(event.device)
  }
}
