import type { AttributeReader } from '../netlink/attribute-reader.js'
import { FoundPeers } from './found-peers.js'
import { type DecodedPeer, makePeers, type Sliceable } from './make-peers.js'
import { SecretSlab } from './secret-slab.js'
import type { Zones } from './sockaddr.js'
import { Arena } from './text.js'
import { walkPeers } from './walk-peers.js'
import { writePeers } from './write-peers.js'

/**
 * Decodes lists of peers in three passes: one finds and checks the attributes, one writes the text of all keys, addresses and ranges
 * as ASCII into one arena; that is decoded once, and the last pass makes the peers, their strings slices of the one text. A fifth of the
 * time of one conversion per key. Preshared keys are copied to slabs of raw bytes: no secret is ever text that others share.
 */
export class PeerListDecoder {
  readonly #found = new FoundPeers()
  readonly #secrets = new SecretSlab()
  #arena = new Arena(0)

  /**
   * The entries of the attribute WGDEVICE_A_PEERS. Their strings are slices of one text, which lives as long as any of them; with
   * `ownText` every string is its own, for those who drop most of them: it takes half as long again.
   *
   * @throws {MalformedMessageError}
   */
  decode(list: AttributeReader, zones: Zones, ownText = false): DecodedPeer[] {
    const found = this.#found
    walkPeers(list, found)
    // An entry has at least a key (40 bytes for 44 characters), a range at least 25 bytes for 18 characters or 37 for 43, an
    // endpoint 20 for 15 or 32 for 39: text is at most a quarter longer than its bytes.
    if (this.#arena.bytes.length < 2 * list.length) this.#arena = new Arena(4 * list.length)
    const { bytes } = this.#arena
    const end = writePeers(found, list.view, this.#arena)
    const text = ownText ? new OwnText(bytes) : bytes.toString('latin1', 0, end)
    return makePeers(found, text, list.view, zones, this.#secrets)
  }
}

/** A text every slice of which is a string of its own. */
class OwnText implements Sliceable {
  readonly #arena: Buffer

  constructor(arena: Buffer) {
    this.#arena = arena
  }

  slice(start: number, end: number): string {
    return this.#arena.toString('latin1', start, end)
  }
}
