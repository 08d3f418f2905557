import { freezePeer } from 'wireguardcfg/internal'
import { GENL_HDRLEN } from '../../genl/constants.js'
import { AttributeReader, readAttributeHeader } from '../../netlink/attribute-reader.js'
import { viewOf } from '../../netlink/endian.js'
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
    let part: DevicePart | undefined
    if (known !== undefined && known.bytes.length === message.end - message.start) {
      const isEqual = comparison(message, known.bytes)
      if (isEqual(message.start, message.end)) {
        this.#next.push(known)
        this.#peers += known.part.peers.length
        return known.part
      }
      part = decodeChanged(message, known, isEqual, zones)
    }
    part ??= decodeDevice(message, zones)
    if (this.#isWiped) return part
    const isKept = this.#peers + part.peers.length <= MOST_PEERS && !hasZones(part)
    // What is not kept has its place, so that the messages behind it are compared with theirs.
    const bytes = isKept ? message.bytes.slice(message.start, message.end) : NOTHING
    if (isKept) for (const peer of part.peers) freezePeer(peer)
    this.#next.push({ bytes, part: isKept ? part : NO_PART })
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
  known: Remembered,
  isEqual: Comparison,
  zones: Zones,
): DevicePart | undefined {
  const list = peersIn(message)
  if (list === undefined) return undefined
  const { start, end } = list
  if (!isEqual(message.start, start) || !isEqual(end, message.end)) return undefined
  const { attributes, peers: before } = known.part
  const view = viewOf(known.bytes)
  const peers: (DecodedPeer | undefined)[] = []
  const changed: number[] = []
  for (let at = start; at < end;) {
    const header = readAttributeHeader(message.view, at, end)
    const next = Math.min(end, at + (((header & 0xffff) + 3) & ~3))
    const old = before[peers.length]
    // With another length, the peers behind it have other places.
    if (old === undefined || message.view.getInt32(at) !== view.getInt32(at - message.start)) {
      return undefined
    }
    if (isSameStretch(message, at, next, view)) peers.push(old)
    else {
      peers.push(undefined)
      changed.push(at, next)
    }
    at = next
  }
  if (peers.length !== before.length) return undefined
  const decoded = peerList.decodeSome(message.view, changed, zones).values()
  return { attributes, peers: peers.map((peer) => peer ?? decoded.next().value!) }
}

/**
 * As a {@link Comparison}, for stretches so short that a call of the system takes longer.
 */
function isSameStretch(
  { view, start }: Message,
  from: number,
  to: number,
  known: DataView,
): boolean {
  let at = from
  for (; at + 4 <= to; at += 4) {
    if (view.getInt32(at) !== known.getInt32(at - start)) return false
  }
  for (; at < to; at++) if (view.getUint8(at) !== known.getUint8(at - start)) return false
  return true
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
