/** Pseudorandom numbers that a seed determines. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** Returns an integer from 0 to `limit - 1`. */
  below(limit: number): number {
    // mulberry32 of Tommy Ettinger, in the public domain: one round of mixing per number.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }

  /** Returns true once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  /** Returns an element of a list that is not empty. */
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  /** Returns a number of at least 1 that is small most of the time. */
  few(limit: number): number {
    return 1 + this.below(1 + this.below(limit))
  }
}
