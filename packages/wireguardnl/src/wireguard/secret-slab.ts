import { SecretKey } from 'wireguardcfg'
import { viewOf } from '../netlink/endian.js'
import { WG_KEY_LEN } from './constants.js'

/** Keys of one array: as much as the text of a datagram, which one kept string keeps as well. */
const LENGTH = 512 * WG_KEY_LEN

/** Memory that preshared keys share. An array for each datagram would be a tenth of the time of a read: they are not made on V8's heap. */
export class SecretSlab {
  #bytes = new Uint8Array(0)
  #view = viewOf(this.#bytes)
  #used = 0

  /** Copies the 32 bytes at `at`, whose place the caller has checked. */
  copy(source: DataView, at: number): SecretKey {
    const start = this.#used
    if (start === this.#bytes.length) return this.#copyToNext(source, at)
    const target = this.#view
    // Without a subarray, which would cost more than the copy.
    for (let i = 0; i < WG_KEY_LEN; i += 8) {
      target.setInt32(start + i, source.getInt32(at + i))
      target.setInt32(start + i + 4, source.getInt32(at + i + 4))
    }
    this.#used = start + WG_KEY_LEN
    return SecretKey.view(this.#bytes, start)
  }

  #copyToNext(source: DataView, at: number): SecretKey {
    // Small at first: most devices have few peers.
    const length = Math.min(Math.max(2 * this.#bytes.length, 4 * WG_KEY_LEN), LENGTH)
    this.#bytes = new Uint8Array(length)
    this.#view = viewOf(this.#bytes)
    this.#used = 0
    return this.copy(source, at)
  }
}
