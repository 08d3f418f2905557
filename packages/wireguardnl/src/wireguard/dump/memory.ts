import type { Device, Peer } from 'wireguardcfg'
import { freezePeer } from 'wireguardcfg/internal'
import { GENL_HDRLEN } from '../../genl/constants.js'
import { AttributeReader, readAttributeHeader } from '../../netlink/attribute-reader.js'
import { viewOf } from '../../netlink/endian.js'
import type { Message } from '../../netlink/message.js'
import { WGDEVICE_A_PEERS } from '../constants.js'
import type { Zones } from '../structs.js'
import { decodeDevice, type DevicePart, peerList } from './decode.js'

interface Remembered {
  /** The payload of a message. It has keys. */
  readonly bytes: Uint8Array
  readonly part: DevicePart
}

/**
 * The messages of the last dump of one device. What comes again byte for byte is not decoded again,
 * a message or one peer in it: it gives the same objects, which are therefore frozen.
 */
export class DumpMemory {
  #known: readonly Remembered[] = []
  #next: Remembered[] = []
  readonly #mostPeers: number
  /** In the dump that goes on, or the last. */
  #peers = 0
  #isWiped = false
  /** Whether the device had so few peers that it is remembered. */
  #isKept = true
  /** Whether all messages of this dump were those of the last. */
  #repeats = true
  #compared: Comparison | undefined
  /** Zeroed memory of messages that are no longer known, by their place in the dump. */
  #spare: (Uint8Array | undefined)[] = []
  /** What the last dump said. */
  #device: Device | undefined

  /** @param mostPeers of a larger device, nothing is remembered */
  constructor(mostPeers: number) {
    this.#mostPeers = mostPeers
  }

  /** Begins a dump. */
  begin(): void {
    this.#next = []
    this.#isKept = this.#peers <= this.#mostPeers
    this.#peers = 0
    this.#repeats = true
  }

  /**
   * Decodes the next message of the dump. Returns nothing as long as the dump is like the last, and
   * at the first difference what was held back as well.
   *
   * @throws {MalformedMessageError}
   */
  decode(message: Message, zones: Zones): readonly DevicePart[] {
    const place = this.#next.length
    const part = this.#decode(message, zones)
    if (!this.#repeats) return [part]
    const known = this.#known[place]
    if (known !== undefined && this.#next[place] === known) return []
    return [...this.#heldBack(place), part]
  }

  /**
   * Ends the dump. Returns the device if it is the last one again: then there is nothing to commit.
   * Else it returns what was held back, which is not empty only if the last dump went on.
   */
  end(): Device | readonly DevicePart[] {
    if (!this.#repeats) return []
    const isWhole = this.#next.length === this.#known.length
    return (isWhole && this.#device) || this.#heldBack(this.#next.length)
  }

  #heldBack(end: number): readonly DevicePart[] {
    this.#repeats = false
    return this.#next.slice(0, end).map(({ part }) => part)
  }

  #decode(message: Message, zones: Zones): DevicePart {
    const known = this.#known[this.#next.length]
    let changed: ChangedPart | undefined
    if (known !== undefined && known.bytes.length === message.end - message.start) {
      const comparison = this.#comparison(message)
      if (comparison.isSame(message.start, message.end, known.bytes)) {
        this.#keep(known)
        return known.part
      }
      changed = decodeChanged(message, known, comparison, zones)
    }
    const part = changed?.part ?? decodeDevice(message, zones)
    const fresh = changed?.decoded ?? part.peers
    // What is not kept has its place, so that the messages behind it are compared with theirs.
    const isKept = this.#isKept && !this.#isWiped && !hasZones(fresh)
    const bytes = isKept ? this.#copy(message) : NOTHING
    if (isKept) for (const peer of fresh) freezePeer(peer)
    this.#keep({ bytes, part: isKept ? part : NO_PART }, part.peers.length)
    return part
  }

  /** Copies a message to where one of the last but one dump was, if they have the same length. */
  #copy({ bytes, start, end }: Message): Uint8Array {
    const spare = this.#spare[this.#next.length]
    if (spare?.length !== end - start) return bytes.slice(start, end)
    this.#spare[this.#next.length] = undefined
    spare.set(bytes.subarray(start, end))
    return spare
  }

  /** All messages are received into the same memory. */
  #comparison({ bytes, start }: Message): Comparison {
    if (this.#compared?.memory !== bytes.buffer) this.#compared = new Comparison(bytes.buffer)
    return this.#compared.from(bytes.byteOffset, start)
  }

  #keep(one: Remembered, peers = one.part.peers.length): void {
    this.#peers += peers
    if (this.#peers > this.#mostPeers) this.#isKept = false
    if (!this.#isWiped) this.#next.push(one)
  }

  /** Keeps the messages of the dump that has ended, and what they said. */
  commit(device: Device): void {
    this.#device = this.#isKept && !this.#isWiped ? device : undefined
    if (!this.#isKept || this.#isWiped) {
      for (const { bytes } of this.#next) bytes.fill(0)
      this.#next = []
    }
    for (const [place, one] of this.#known.entries()) {
      if (one === this.#next[place]) continue
      one.bytes.fill(0)
      this.#spare[place] = one.bytes
    }
    this.#known = this.#next
    this.#next = []
  }

  /** Forgets everything, wipes what has keys, and remembers nothing more. */
  wipe(): void {
    this.#isWiped = true
    for (const { bytes } of [...this.#known, ...this.#next]) bytes.fill(0)
    this.#known = []
    // A dump that goes on still needs what was held back of it.
    this.#next = this.#next.map(({ part }) => ({ bytes: NOTHING, part }))
    this.#device = undefined
    this.#compared = undefined
    this.#spare = []
  }
}

const NOTHING = new Uint8Array(0)
const NO_PART: DevicePart = { attributes: {}, peers: [] }

/** A message of which some peers are known. */
interface ChangedPart {
  readonly part: DevicePart
  /** The other peers. */
  readonly decoded: readonly Peer[]
}

/**
 * Decodes a message of the same length as a known one, of which only peers differ. Returns
 * undefined when something else does.
 */
function decodeChanged(
  message: Message,
  known: Remembered,
  comparison: Comparison,
  zones: Zones,
): ChangedPart | undefined {
  const list = peersIn(message)
  if (list === undefined) return undefined
  const { start, end } = list
  const isSame =
    comparison.isSame(message.start, start, known.bytes) &&
    comparison.isSame(end, message.end, known.bytes)
  if (!isSame) return undefined
  const { attributes, peers: before } = known.part
  const places = placesOf(message, start, end)
  // With another length, the peers behind it have other places.
  if (places.length !== before.length + 1) return undefined
  const changed: number[] = []
  findChanged(comparison, known.bytes, places, changed)
  const view = viewOf(known.bytes)
  const stretches: number[] = []
  for (const i of changed) {
    const at = places[i]!
    if (message.view.getInt32(at) !== view.getInt32(at - message.start)) return undefined
    stretches.push(at, places[i + 1]!)
  }
  const peers = before.slice()
  const decoded = peerList.decodeSome(message.view, stretches, zones)
  for (const [i, peer] of decoded.entries()) peers[changed[i]!] = peer
  return { part: { attributes, peers }, decoded }
}

/** Returns where each peer of a list begins, and where the last ends. */
function placesOf({ view }: Message, start: number, end: number): number[] {
  const places = [start]
  for (let at = start; at < end;) {
    at = Math.min(end, at + (((readAttributeHeader(view, at, end) & 0xffff) + 3) & ~3))
    places.push(at)
  }
  return places
}

/**
 * Appends which peers differ. It halves what differs again and again, because most do not, and the
 * system compares long stretches fast.
 */
function findChanged(
  comparison: Comparison,
  known: Uint8Array,
  places: readonly number[],
  changed: number[],
  first = 0,
  last = places.length - 1,
): void {
  if (first === last || comparison.isSame(places[first]!, places[last]!, known)) return
  if (last - first === 1) {
    changed.push(first)
    return
  }
  const middle = (first + last) >> 1
  findChanged(comparison, known, places, changed, first, middle)
  findChanged(comparison, known, places, changed, middle, last)
}

/** Returns where the list of peers of a message is; undefined unless it has exactly one. */
function peersIn(message: Message): { readonly start: number; readonly end: number } | undefined {
  let found: { readonly start: number; readonly end: number } | undefined
  for (const attribute = AttributeReader.of(message, GENL_HDRLEN); attribute.next();) {
    if (attribute.type !== WGDEVICE_A_PEERS) continue
    if (found !== undefined) return undefined
    found = { start: attribute.start, end: attribute.end }
  }
  return found
}

/** Compares messages in one memory with known ones. It exists once, because each one is garbage. */
class Comparison {
  readonly memory: ArrayBufferLike
  readonly #bytes: Buffer
  #offset = 0
  #start = 0

  constructor(memory: ArrayBufferLike) {
    this.memory = memory
    this.#bytes = Buffer.from(memory)
  }

  /** Sets where the datagram is in the memory, and the message in the datagram. */
  from(offset: number, start: number): this {
    this.#offset = offset
    this.#start = start
    return this
  }

  /** Whether a stretch of the message has the bytes that a known one has at the same place. */
  isSame(from: number, to: number, known: Uint8Array): boolean {
    const [start, at] = [this.#start, this.#offset]
    return this.#bytes.compare(known, from - start, to - start, at + from, at + to) === 0
  }
}

/** The same bytes mean another address when the interface of a zone gets another name. */
function hasZones(peers: readonly Peer[]): boolean {
  return peers.some(({ endpoint }) => endpoint?.host.includes('%') === true)
}
