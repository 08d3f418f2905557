import { GENL_HDRLEN } from '../../genl/constants.js'
import { AttributeReader, readAttributeHeader } from '../../netlink/attribute-reader.js'
import { NLA_HDRLEN } from '../../netlink/constants.js'
import type { Message } from '../../netlink/message.js'
import { WGDEVICE_A_PEERS } from '../constants.js'
import type { Zones } from '../structs.js'
import type { DecodedPeer } from './build.js'
import { decodeDevice, type DevicePart, peerList } from './decode.js'

/** Of larger devices, only so many peers are remembered: 5 MB of bytes. */
const MOST_PEERS = 20_000

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
  #peers = 0
  #isWiped = false

  /** Begins a dump. */
  begin(): void {
    this.#next = []
    this.#peers = 0
  }

  /** Decodes the next message of the dump. @throws {MalformedMessageError} */
  decode(message: Message, zones: Zones): DevicePart {
    const known = this.#known[this.#next.length]
    const isLike = known !== undefined && known.bytes.length === message.end - message.start
    const compare = isLike ? comparison(message, known.bytes) : undefined
    if (isLike && compare?.(message.start, message.end) === true) {
      this.#next.push(known)
      this.#peers += known.part.peers.length
      return known.part
    }
    const part =
      (isLike && compare !== undefined
        ? decodeChanged(message, known.part, compare, zones)
        : undefined) ?? decodeDevice(message, zones)
    if (this.#isWiped) return part
    const isKept = this.#peers + part.peers.length <= MOST_PEERS && !hasZones(part)
    // What is not kept has its place, so that the messages behind it are compared with theirs.
    const bytes = isKept ? message.bytes.slice(message.start, message.end) : NOTHING
    this.#next.push({ bytes, part: isKept ? frozen(part) : NO_PART })
    if (isKept) this.#peers += part.peers.length
    return part
  }

  /** Keeps the messages of the dump that has ended in place of those before. */
  commit(): void {
    const kept = new Set(this.#next)
    for (const one of this.#known) if (!kept.has(one)) one.bytes.fill(0)
    this.#known = this.#next
    this.#next = []
  }

  /** Forgets everything, wipes what has keys, and remembers nothing more. */
  wipe(): void {
    this.#isWiped = true
    for (const { bytes } of [...this.#known, ...this.#next]) bytes.fill(0)
    this.#known = []
    this.#next = []
  }
}

const NOTHING = new Uint8Array(0)
const NO_PART: DevicePart = { attributes: {}, peers: [] }

/**
 * Decodes a message of the same length as a known one, of which only peers differ. Returns
 * undefined when something else does.
 */
function decodeChanged(
  message: Message,
  known: DevicePart,
  isEqual: Comparison,
  zones: Zones,
): DevicePart | undefined {
  const list = peersIn(message)
  if (list === undefined) return undefined
  const { start, end } = list
  if (!isEqual(message.start, start) || !isEqual(end, message.end)) return undefined
  const peers: DecodedPeer[] = []
  let changedFrom: number | undefined
  const decodeUpTo = (at: number): void => {
    if (changedFrom === undefined) return
    const { view } = message
    const changed = { view, start: changedFrom, end: at, length: at - changedFrom }
    for (const peer of peerList.decode(changed, zones)) peers.push(peer)
    changedFrom = undefined
  }
  for (let at = start, i = 0; at < end; i++) {
    const header = readAttributeHeader(message.view, at, end)
    const next = Math.min(end, at + (((header & 0xffff) + 3) & ~3))
    // With another length, the peers behind it have other places.
    const peer = known.peers[i]
    if (peer === undefined || !isEqual(at, at + NLA_HDRLEN)) return undefined
    if (isEqual(at, next)) {
      decodeUpTo(at)
      peers.push(peer)
    } else changedFrom ??= at
    at = next
  }
  decodeUpTo(end)
  return peers.length === known.peers.length ? { attributes: known.attributes, peers } : undefined
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

/** Whether a stretch of a message has the bytes that a known one has at the same place. */
type Comparison = (from: number, to: number) => boolean

function comparison({ bytes, start }: Message, known: Uint8Array): Comparison {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return (from, to) => source.compare(known, from - start, to - start, from, to) === 0
}

/** The same bytes mean another address when the interface of a zone gets another name. */
function hasZones({ peers }: DevicePart): boolean {
  return peers.some(({ endpoint }) => endpoint?.host.includes('%') === true)
}

function frozen(part: DevicePart): DevicePart {
  for (const peer of part.peers) {
    if (peer.endpoint !== undefined) Object.freeze(peer.endpoint)
    Object.freeze(peer.allowedIPs)
    Object.freeze(peer)
  }
  return part
}
