import type { PublicKey } from 'wireguardcfg'
import type { Store } from './memory/store.js'

/** After which ages peers count as connected and as disconnected. */
export interface PresenceRule {
  /** Milliseconds. */
  readonly connectedFor: number
  /** Milliseconds in addition before a peer counts as disconnected. */
  readonly grace: number
}

/** A peer that is connected. */
export interface Connected {
  /** When its last handshake was. */
  readonly bornAt: number
  /** In how many reads one after the other it was overdue. */
  readonly overdueReads: number
}

/** A peer counts as disconnected after this many reads that agree. */
const READS = 2

/**
 * Which peers of one device are connected, by one rule. A peer becomes disconnected later than it
 * would no longer become connected, and only after two reads, so that it does not go back and
 * forth. All times are of the clock that goes on while the machine sleeps.
 */
export class Presence {
  readonly #rule: PresenceRule
  #connected: Store<Connected>
  /** A handshake of this time or before does not count, because the interface was down since. */
  #ignoredUntil = -Infinity
  /** Nothing is overdue before. */
  #overdueAt = Infinity

  constructor(rule: PresenceRule, store: Store<Connected>) {
    this.#rule = rule
    this.#connected = store
  }

  /** Keeps the connected peers elsewhere from now on. */
  moveTo(store: Store<Connected>): void {
    for (const [publicKey, connected] of this.#connected) store.set(publicKey, connected)
    this.#connected = store
  }

  /** The peers that are connected. */
  get connected(): PublicKey[] {
    return Array.from(this.#connected, ([publicKey]) => publicKey)
  }

  /** When a peer may be overdue; Infinity: none can be. */
  get overdueAt(): number {
    return this.#overdueAt
  }

  /** Takes a handshake of a peer, and returns whether the peer became connected. */
  see(publicKey: PublicKey, bornAt: number, now: number): boolean {
    return bornAt > this.#ignoredUntil && this.prove(publicKey, bornAt, now)
  }

  /**
   * Takes a packet of a peer whose session is of this handshake, also of one from before the
   * interface was down: some implementations keep sessions then. Returns whether the peer became
   * connected.
   */
  prove(publicKey: PublicKey, bornAt: number, now: number): boolean {
    const { connectedFor } = this.#rule
    const wasConnected = this.#connected.get(publicKey) !== undefined
    if (!wasConnected && now - bornAt > connectedFor) return false
    this.#connected.set(publicKey, { bornAt, overdueReads: 0 })
    this.#overdueAt = Math.min(this.#overdueAt, this.#limitOf(bornAt))
    return !wasConnected
  }

  /** Returns the peers that are disconnected now, after a read of the device. */
  sweep(now: number): PublicKey[] {
    if (now < this.#overdueAt) return []
    const disconnected: PublicKey[] = []
    let next = Infinity
    for (const [publicKey, { bornAt, overdueReads }] of this.#connected) {
      const limit = this.#limitOf(bornAt)
      if (now <= limit) {
        if (overdueReads > 0) this.#connected.set(publicKey, { bornAt, overdueReads: 0 })
        next = Math.min(next, limit)
      } else if (overdueReads + 1 < READS) {
        this.#connected.set(publicKey, { bornAt, overdueReads: overdueReads + 1 })
        next = now
      } else {
        this.#connected.delete(publicKey)
        disconnected.push(publicKey)
      }
    }
    this.#overdueAt = next
    return disconnected
  }

  /** Forgets a peer, and returns whether it was connected. */
  forget(publicKey: PublicKey): boolean {
    return this.#connected.delete(publicKey)
  }

  /**
   * Notes that the interface is down, which usually ends all sessions: older handshakes alone do
   * not count any more. Returns the peers that were connected.
   */
  goDown(now: number): PublicKey[] {
    const { connected } = this
    this.#connected.clear()
    this.#ignoredUntil = now
    this.#overdueAt = Infinity
    return connected
  }

  /** Lets reads before a sleep of the machine not count. */
  startOver(): void {
    for (const [publicKey, { bornAt }] of this.#connected) {
      this.#connected.set(publicKey, { bornAt, overdueReads: 0 })
    }
  }

  #limitOf(bornAt: number): number {
    return bornAt + this.#rule.connectedFor + this.#rule.grace
  }
}
