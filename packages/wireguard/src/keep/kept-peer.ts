import { type Endpoint, formatEndpoint } from 'wireguardcfg'
import type { PeerName } from '../resolve/names.js'
import { isSameEndpoint } from '../same-endpoint.js'

/** What a read showed of a peer. Times are of the clock that goes on while the machine sleeps. */
export interface PeerView {
  readonly endpoint: Endpoint | undefined
  readonly transmitBytes: number
  /** When its last handshake was; undefined: there was none. */
  readonly bornAt: number | undefined
  readonly now: number
}

/** Milliseconds until the next lookup when the last one changed nothing, at first and at most. */
const FIRST_DELAY = 30_000
/** The same after a lookup that failed for a peer without endpoint, as when a machine starts. */
const FIRST_DELAY_WITHOUT = 2000
const LONGEST_DELAY = 300_000
/** Milliseconds in which an address that was just written may prove itself: three handshakes. */
const ATTEMPT = 15_000
const JITTER = 0.1

/** When to look the name of one peer up, and which of its addresses the peer gets. */
export class KeptPeer {
  readonly name: PeerName
  readonly #staleAfter: number
  /** When it was first seen without a handshake. */
  #since: number | undefined
  #nextAt = -Infinity
  #delay = FIRST_DELAY
  #delayWithout = FIRST_DELAY_WITHOUT
  /** The addresses of the last lookup. */
  #answer: string | undefined
  /** The bytes that had been sent to it when its address was last chosen. */
  #sentBefore: number | undefined

  constructor(name: PeerName, staleAfter: number) {
    this.name = name
    this.#staleAfter = staleAfter
  }

  /** Returns whether the name is to be looked up: the peer is overdue, and so is the lookup. */
  isDue(peer: PeerView): boolean {
    if (this.isStale(peer)) return peer.now >= this.#nextAt
    this.#nextAt = -Infinity
    this.#delay = FIRST_DELAY
    this.#answer = this.#sentBefore = undefined
    return false
  }

  /** Returns whether the last handshake is too long ago. A peer without endpoint waits for none. */
  isStale({ bornAt, endpoint, now }: PeerView): boolean {
    if (bornAt !== undefined) {
      this.#since = undefined
      return now - bornAt > this.#staleAfter
    }
    this.#since ??= now
    return endpoint === undefined || now - this.#since > this.#staleAfter
  }

  /**
   * Takes the addresses of the name, and returns the endpoint to write; undefined: none. An address
   * that the name does not have is replaced by its first one. The next one is tried only when
   * something was sent to the current one and nothing came back.
   */
  choose(addresses: readonly Endpoint[], peer: PeerView): Endpoint | undefined {
    const answer = addresses.map((one) => formatEndpoint(one)).join(' ')
    const isNew = answer !== this.#answer
    this.#answer = answer
    if (isNew) this.#delay = FIRST_DELAY
    this.#delayWithout = FIRST_DELAY_WITHOUT
    const at = addresses.findIndex((one) => isSameEndpoint(one, peer.endpoint))
    const hasSent = this.#sentBefore !== undefined && peer.transmitBytes > this.#sentBefore
    const isTriedInVain = hasSent && addresses.length > 1
    const next = at < 0 ? addresses[0] : addresses[(at + 1) % addresses.length]
    const wanted = (at < 0 && (isNew || hasSent)) || (at >= 0 && isTriedInVain) ? next : undefined
    if (wanted !== undefined || this.#sentBefore === undefined) {
      this.#sentBefore = peer.transmitBytes
    }
    if (wanted === undefined) this.#wait(peer.now)
    else this.#nextAt = peer.now + ATTEMPT
    return wanted
  }

  /** Notes that the lookup failed. */
  fail(now: number, hasEndpoint: boolean): void {
    if (hasEndpoint) return this.#wait(now)
    this.#nextAt = now + jittered(this.#delayWithout)
    this.#delayWithout = Math.min(2 * this.#delayWithout, LONGEST_DELAY)
  }

  #wait(now: number): void {
    this.#nextAt = now + jittered(this.#delay)
    this.#delay = Math.min(2 * this.#delay, LONGEST_DELAY)
  }
}

function jittered(delay: number): number {
  return delay * (1 + JITTER * (2 * Math.random() - 1))
}
