import { KEY_LENGTH, SecretKey } from '../model/key.js'

/** Memory that secrets share. It takes a quarter of the memory of one array for each secret. */
export class SecretSlab {
  #bytes = new Uint8Array(0)
  #used = 0

  /** Moves a key into the shared memory and clears the source. */
  take(key: Uint8Array): SecretKey {
    if (this.#used === this.#bytes.byteLength) {
      // Small for few peers, and never so large that one key in use keeps many others in memory.
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
