import { KEY_LENGTH, SecretKey } from '../model/key.js'

/** Memory that secrets share: it takes a quarter of what an array of its own takes for each. */
export class SecretSlab {
  #bytes = new Uint8Array(0)
  #used = 0

  /** Moves the key there: the source is zero afterwards. */
  take(key: Uint8Array): SecretKey {
    if (this.#used === this.#bytes.byteLength) {
      // Small for few peers, and never so large that one kept key keeps many.
      this.#bytes = new Uint8Array(Math.min(Math.max(this.#used * 2, KEY_LENGTH), 64 * KEY_LENGTH))
      this.#used = 0
    }
    const at = this.#used
    this.#bytes.set(key, at)
    this.#used += KEY_LENGTH
    key.fill(0)
    return SecretKey.view(this.#bytes, at)
  }
}
