import type { PublicKey } from 'wireguardcfg'
import type { PeerIndex } from './peer-index.js'
import type { Store } from './store.js'

/** How a value is kept as numbers, the first of which is never NaN. */
export interface Packing<Value> {
  readonly width: number
  pack(value: Value): readonly number[]
  unpack(numbers: Float64Array, at: number): Value
}

/** Keeps a few numbers of each peer of an index, without an object for each. */
export class Column<Value> implements Store<Value> {
  readonly #index: PeerIndex
  readonly #packing: Packing<Value>
  /** NaN at the first place of a peer: it has no value. */
  #numbers = new Float64Array(0)

  constructor(index: PeerIndex, packing: Packing<Value>) {
    this.#index = index
    this.#packing = packing
  }

  get(publicKey: PublicKey): Value | undefined {
    const slot = this.#index.get(publicKey)
    return slot === undefined ? undefined : this.at(slot)
  }

  /** Returns the value of a slot. */
  at(slot: number): Value | undefined {
    const start = slot * this.#packing.width
    // Also undefined, where nothing was ever kept.
    const first = this.#numbers[start] ?? Number.NaN
    return Number.isNaN(first) ? undefined : this.#packing.unpack(this.#numbers, start)
  }

  set(publicKey: PublicKey, value: Value): void {
    const slot = this.#index.get(publicKey)
    if (slot === undefined) return
    const { width } = this.#packing
    if ((slot + 1) * width > this.#numbers.length) {
      const before = this.#numbers
      this.#numbers = new Float64Array(width * this.#index.capacity).fill(Number.NaN)
      this.#numbers.set(before)
    }
    this.#numbers.set(this.#packing.pack(value), slot * width)
  }

  delete(publicKey: PublicKey): boolean {
    const slot = this.#index.get(publicKey)
    if (slot === undefined || this.at(slot) === undefined) return false
    this.#numbers[slot * this.#packing.width] = Number.NaN
    return true
  }

  clear(): void {
    this.#numbers = new Float64Array(0)
  }

  *[Symbol.iterator](): Generator<[PublicKey, Value], void, undefined> {
    for (const [publicKey, slot] of this.#index) {
      const value = this.at(slot)
      if (value !== undefined) yield [publicKey, value]
    }
  }
}
