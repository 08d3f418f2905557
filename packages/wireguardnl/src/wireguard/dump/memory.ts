import type { Message } from '../../netlink/message.js'
import type { Zones } from '../structs.js'
import { decodeDevice, type DevicePart } from './decode.js'

/** Of larger devices, only so many peers are remembered: 5 MB of bytes. */
const MOST_PEERS = 20_000

interface Remembered {
  /** The payload of a message. It has keys. */
  readonly bytes: Uint8Array
  readonly part: DevicePart
}

/**
 * The messages of the last dump of one device. A message that comes again byte for byte is not
 * decoded again: it gives the same objects, which are therefore frozen.
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
    const { start, end } = message
    const source = Buffer.from(message.bytes.buffer, message.bytes.byteOffset, message.bytes.length)
    const known = this.#known[this.#next.length]
    if (
      known !== undefined &&
      known.bytes.length === end - start &&
      source.compare(known.bytes, 0, known.bytes.length, start, end) === 0
    ) {
      this.#next.push(known)
      this.#peers += known.part.peers.length
      return known.part
    }
    const part = decodeDevice(message, zones)
    if (this.#isWiped) return part
    const isKept = this.#peers + part.peers.length <= MOST_PEERS && !hasZones(part)
    // What is not kept has its place, so that the messages behind it are compared with theirs.
    const bytes = isKept ? Uint8Array.from(message.bytes.subarray(start, end)) : NOTHING
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
