import type { PublicKey } from '../model/key.js'
import type { ConfSection } from './section.js'
import { squeeze } from './text.js'

/**
 * The peers of a file by public key, so that looking up each of thousands does not take quadratic
 * time. It is built at the first lookup and updated when a peer gets another key.
 */
export class PeerIndex {
  #byKey: Map<PublicKey, ConfSection[]> | undefined
  readonly #keys = new Map<ConfSection, PublicKey | undefined>()

  /** Returns the sections of a key, in the order of the file. */
  find(publicKey: PublicKey, all: () => readonly ConfSection[]): readonly ConfSection[] {
    if (this.#byKey === undefined) {
      this.#byKey = new Map()
      this.#keys.clear()
      for (const section of all()) this.add(section)
    }
    return this.#byKey.get(publicKey) ?? []
  }

  /** Adds a section that comes after all others. */
  add(section: ConfSection): void {
    if (this.#byKey === undefined) return
    this.#keys.set(section, this.#enter(section))
    section.watch((changed) => this.#update(changed))
  }

  /** Adds a section that may come before others. */
  insert(section: ConfSection): void {
    const key = publicKeyOf(section)
    // When several sections have one key, their order matters. Build the index again.
    if (key !== undefined && this.#byKey?.has(key) === true) this.#byKey = undefined
    else this.add(section)
  }

  /** Removes the sections of a key. */
  delete(publicKey: PublicKey): void {
    for (const section of this.#byKey?.get(publicKey) ?? []) this.#keys.delete(section)
    this.#byKey?.delete(publicKey)
  }

  #enter(section: ConfSection): PublicKey | undefined {
    const key = publicKeyOf(section)
    if (key === undefined || this.#byKey === undefined) return key
    const others = this.#byKey.get(key)
    if (others === undefined) this.#byKey.set(key, [section])
    else others.push(section)
    return key
  }

  #update(section: ConfSection): void {
    const before = this.#keys.get(section)
    const key = publicKeyOf(section)
    // A removed section is not in the index.
    if (!this.#keys.has(section) || key === before) return
    const sharers = before === undefined ? [] : (this.#byKey?.get(before) ?? [])
    const isAlone = sharers.length <= 1 && (key === undefined || this.#byKey?.has(key) !== true)
    // When several sections have one key, their order matters. Build the index again.
    if (!isAlone) this.#byKey = undefined
    else {
      if (before !== undefined) this.#byKey?.delete(before)
      this.#keys.set(section, this.#enter(section))
    }
  }
}

/** Returns the public key of a section as wg(8) reads it; `undefined` when the key is absent. */
export function publicKeyOf(section: ConfSection): PublicKey | undefined {
  const value = section.get('PublicKey')
  return value === undefined ? undefined : squeeze(value)
}
