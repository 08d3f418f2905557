import { randomFillSync } from 'node:crypto'
import { type PublicKey, publicKeyFromBytes } from 'wireguardcfg'

/** Words of 32 bits in a public key. */
const WORDS = 8

const scratch = Buffer.alloc(4 * WORDS)
/** The key in `scratch`. */
const wanted = new Uint32Array(scratch.buffer, scratch.byteOffset, WORDS)

/**
 * Gives each public key a number, its slot, in some 48 bytes. A slot that is free again is used for
 * a later key.
 */
export class PeerIndex {
  /** By slot. */
  #keys = new Uint32Array(0)
  /** Slot + 1 where the hash of a key leads, or behind; 0: empty. */
  #table = new Uint32Array(16)
  readonly #free: number[] = []
  #end = 0
  /** Random, so that nobody can choose keys that all lead to the same place. */
  readonly #seeds = randomFillSync(new Uint32Array(WORDS)).map((seed) => seed | 1)

  /** All slots are below. */
  get capacity(): number {
    return this.#keys.length / WORDS
  }

  /** Makes room for so many keys. */
  reserve(keys: number): void {
    if (WORDS * keys > this.#keys.length) {
      const before = this.#keys
      this.#keys = new Uint32Array(WORDS * keys)
      this.#keys.set(before)
    }
    if (keys * 3 <= this.#table.length * 2) return
    const before = this.#table
    this.#table = new Uint32Array(2 ** Math.ceil(Math.log2(keys * 1.5)))
    for (const entry of before) if (entry > 0) this.#table[this.#emptyFor(entry - 1)] = entry
  }

  /** Returns the slot of a key; undefined when it has none. */
  get(publicKey: PublicKey): number | undefined {
    const entry = this.#table[this.#find(publicKey)]!
    return entry === 0 ? undefined : entry - 1
  }

  /** Gives a slot to a key that has none. */
  add(publicKey: PublicKey): number {
    if (this.#free.length === 0 && WORDS * this.#end === this.#keys.length) {
      this.reserve(Math.ceil(this.#end * 1.25) + 1)
    }
    const place = this.#find(publicKey)
    const slot = this.#free.pop() ?? this.#end++
    this.#keys.set(wanted, WORDS * slot)
    this.#table[place] = slot + 1
    return slot
  }

  /** Takes the slot of a key away. */
  delete(publicKey: PublicKey): void {
    const mask = this.#table.length - 1
    let hole = this.#find(publicKey)
    const entry = this.#table[hole]!
    if (entry === 0) return
    this.#free.push(entry - 1)
    // What stands behind the hole must still be found from where its hash leads.
    for (let at = (hole + 1) & mask; this.#table[at] !== 0; at = (at + 1) & mask) {
      const home = this.#homeOf(this.#keys, WORDS * (this.#table[at]! - 1))
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      this.#table[hole] = this.#table[at]!
      hole = at
    }
    this.#table[hole] = 0
  }

  /** Yields the keys and their slots, as they are now. */
  *[Symbol.iterator](): Generator<[PublicKey, number], void, undefined> {
    const [table, keys] = [this.#table.slice(), this.#keys.slice()]
    for (const entry of table) {
      if (entry === 0) continue
      const bytes = new Uint8Array(keys.buffer, 4 * WORDS * (entry - 1), 4 * WORDS)
      yield [publicKeyFromBytes(bytes), entry - 1]
    }
  }

  /** Returns where a key is in the table, or where it belongs. */
  #find(publicKey: PublicKey): number {
    scratch.write(publicKey, 'base64')
    const mask = this.#table.length - 1
    let at = this.#homeOf(wanted, 0)
    for (; this.#table[at] !== 0; at = (at + 1) & mask) {
      if (this.#isWanted(WORDS * (this.#table[at]! - 1))) return at
    }
    return at
  }

  #isWanted(start: number): boolean {
    for (let i = 0; i < WORDS; i++) if (this.#keys[start + i] !== wanted[i]) return false
    return true
  }

  #emptyFor(slot: number): number {
    const mask = this.#table.length - 1
    let at = this.#homeOf(this.#keys, WORDS * slot)
    while (this.#table[at] !== 0) at = (at + 1) & mask
    return at
  }

  #homeOf(words: Uint32Array, start: number): number {
    let hash = 0
    for (let i = 0; i < WORDS; i++) {
      hash = Math.imul(hash ^ words[start + i]!, this.#seeds[i]!)
      hash ^= hash >>> 15
    }
    return (hash >>> 0) & (this.#table.length - 1)
  }
}
