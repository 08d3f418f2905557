import type { Peer, PublicKey } from 'wireguardcfg'
import type { ClockReading } from './clock.js'
import type { Store } from './memory/store.js'

/** What became known of the last handshake of a peer. */
export interface SeenHandshake {
  /** Whether it is another one than before. */
  readonly isNew: boolean
  /** What the device reported of the one before; undefined: it is the first, or is not new. */
  readonly previous?: number | undefined
  /** When it was, on the clock that goes on while the machine sleeps. */
  readonly bornAt: number
}

/** The last handshake of a peer. */
export interface KnownHandshake {
  /** What the device reported. */
  readonly time: number
  readonly bornAt: number
}

/**
 * A difference of two times that is the same handshake: some implementations compute the time anew
 * at every read, from the age of the handshake.
 */
const JITTER = 500

/**
 * The handshakes of the peers of one device. Devices report the time of the wall clock. It is used
 * once, when a handshake is first seen: afterwards its age grows with a clock that nobody sets.
 */
export class Handshakes {
  #known: Store<KnownHandshake>
  #readAt: number | undefined

  constructor(store: Store<KnownHandshake>) {
    this.#known = store
  }

  /** Keeps them elsewhere from now on. */
  moveTo(store: Store<KnownHandshake>): void {
    for (const [publicKey, known] of this.#known) store.set(publicKey, known)
    this.#known = store
  }

  /** Yields when the last handshake of each peer was. */
  *[Symbol.iterator](): Generator<[PublicKey, number], void, undefined> {
    for (const [publicKey, { bornAt }] of this.#known) yield [publicKey, bornAt]
  }

  /** Looks at a peer that was just read; undefined when it had no handshake. */
  see({ publicKey, lastHandshake }: Peer, clock: ClockReading): SeenHandshake | undefined {
    const before = this.#known.get(publicKey)
    if (lastHandshake === undefined) {
      this.#known.delete(publicKey)
      return undefined
    }
    const time = lastHandshake.getTime()
    if (before !== undefined && isSame(time - before.time, clock)) {
      if (Math.abs(time - before.time) > JITTER) {
        this.#known.set(publicKey, { time, bornAt: before.bornAt })
      }
      return { isNew: false, bornAt: before.bornAt }
    }
    // One that was not there at the last read cannot be older than that, whatever the clock says.
    const oldest = this.#readAt === undefined ? Infinity : clock.boot - this.#readAt
    const age = Math.min(Math.max(clock.wall - time, 0), oldest)
    const bornAt = clock.boot - age
    this.#known.set(publicKey, { time, bornAt })
    return { isNew: true, bornAt, previous: before?.time }
  }

  /** Notes that all peers were read. */
  finishRead(clock: ClockReading): void {
    this.#readAt = clock.boot
  }

  /** When the last handshake of a peer was; undefined: there was none. */
  bornAt(publicKey: PublicKey): number | undefined {
    return this.#known.get(publicKey)?.bornAt
  }

  /** Forgets a peer that was removed. */
  forget(publicKey: PublicKey): void {
    this.#known.delete(publicKey)
  }
}

/** Whether times with this difference belong to one handshake, whatever happened to the clock. */
function isSame(difference: number, { steps }: ClockReading): boolean {
  const total = steps.reduce((sum, step) => sum + step, 0)
  return [0, total, ...steps].some((step) => Math.abs(difference - step) <= JITTER)
}
