import type { PublicKey } from 'wireguardcfg'

/** Milliseconds over which a rate is averaged: some reads, so that it does not jump. */
const WINDOW = 3000

/** Bytes a second, received from a peer and sent to it. */
export interface Rate {
  readonly received: number
  readonly sent: number
}

const NONE: Rate = { received: 0, sent: 0 }

/** The rates of the peers of a device, from what each has transferred between two reads. */
export class Rates {
  readonly #samples = new Map<PublicKey, { at: number; received: number; sent: number }[]>()

  /** Adds what a peer has transferred until a time, in milliseconds. */
  add(peer: PublicKey, at: number, received: number, sent: number): void {
    const samples = this.#samples.get(peer)
    if (samples === undefined) this.#samples.set(peer, [{ at, received, sent }])
    else samples.push({ at, received, sent })
  }

  /** Returns the rate of a peer at a time, and forgets what is before. */
  at(peer: PublicKey, now: number): Rate {
    const samples = this.#samples.get(peer)
    if (samples === undefined) return NONE
    const current = samples.filter(({ at }) => now - at < WINDOW)
    if (current.length === 0) {
      this.#samples.delete(peer)
      return NONE
    }
    this.#samples.set(peer, current)
    const seconds = WINDOW / 1000
    return {
      received: current.reduce((sum, one) => sum + one.received, 0) / seconds,
      sent: current.reduce((sum, one) => sum + one.sent, 0) / seconds,
    }
  }

  delete(peer: PublicKey): void {
    this.#samples.delete(peer)
  }
}
