import { LITTLE_ENDIAN } from '../netlink/endian.js'

// Writers of ASCII text into an arena: the text of a whole datagram is written as bytes, decoded once, and cut into slices.
// Every writer returns where the next one begins; the caller has made room.

const BASE64 = ascii('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
/** The two characters of each 12 bits as they lie in memory: written at once, they halve the steps of one table of 64. */
const PAIRS = Uint16Array.from({ length: 4096 }, (_, bits) => {
  const [first, second] = [BASE64[bits >> 6]!, BASE64[bits & 63]!]
  return LITTLE_ENDIAN ? (second << 8) | first : (first << 8) | second
})
const HEX = ascii('0123456789abcdef')
const DOT = 0x2e
const COLON = 0x3a
const EQUALS = 0x3d
const ZERO = 0x30

/** Length of the base64 text of a key. */
export const KEY_TEXT_LENGTH = 44
/** Length of the longest text of an address. */
export const MAX_ADDRESS_TEXT_LENGTH = 39

/** Room for text, in bytes and in pairs of them. */
export class Arena {
  readonly bytes: Buffer
  readonly pairs: Uint16Array

  /** Of `length` bytes, which is even. */
  constructor(length: number) {
    // Not of the pool that small buffers share: pairs begin at even places.
    this.bytes = Buffer.alloc(length)
    this.pairs = new Uint16Array(this.bytes.buffer, this.bytes.byteOffset, length / 2)
  }
}

/** The base64 text of the 32 bytes at `from`: {@link KEY_TEXT_LENGTH} characters at `at`, which is even. */
export function writeKey(
  { bytes, pairs }: Arena,
  at: number,
  source: DataView,
  from: number,
): number {
  let pair = at >> 1
  // Twelve bytes are three words, and four groups of 24 bits.
  for (const last = from + 24; from < last; from += 12) {
    const first = source.getInt32(from)
    const second = source.getInt32(from + 4)
    const third = source.getInt32(from + 8)
    pairs[pair] = PAIRS[first >>> 20]!
    pairs[pair + 1] = PAIRS[(first >>> 8) & 0xfff]!
    pairs[pair + 2] = PAIRS[((first << 4) & 0xff0) | (second >>> 28)]!
    pairs[pair + 3] = PAIRS[(second >>> 16) & 0xfff]!
    pairs[pair + 4] = PAIRS[(second >>> 4) & 0xfff]!
    pairs[pair + 5] = PAIRS[((second << 8) & 0xf00) | (third >>> 24)]!
    pairs[pair + 6] = PAIRS[(third >>> 12) & 0xfff]!
    pairs[pair + 7] = PAIRS[third & 0xfff]!
    pair += 8
  }
  const first = source.getInt32(from)
  const second = source.getInt32(from + 4)
  pairs[pair] = PAIRS[first >>> 20]!
  pairs[pair + 1] = PAIRS[(first >>> 8) & 0xfff]!
  pairs[pair + 2] = PAIRS[((first << 4) & 0xff0) | (second >>> 28)]!
  pairs[pair + 3] = PAIRS[(second >>> 16) & 0xfff]!
  pairs[pair + 4] = PAIRS[(second >>> 4) & 0xfff]!
  const end = at + KEY_TEXT_LENGTH
  bytes[end - 2] = BASE64[(second << 2) & 0x3c]!
  bytes[end - 1] = EQUALS
  return end
}

/** The dotted decimal text of the 4 bytes at `from`. */
export function writeIPv4(arena: Uint8Array, at: number, source: DataView, from: number): number {
  const address = source.getInt32(from)
  at = writeDecimal(arena, at, address >>> 24)
  arena[at] = DOT
  at = writeDecimal(arena, at + 1, (address >>> 16) & 0xff)
  arena[at] = DOT
  at = writeDecimal(arena, at + 1, (address >>> 8) & 0xff)
  arena[at] = DOT
  return writeDecimal(arena, at + 1, address & 0xff)
}

/** The text of the 16 bytes at `from` as the model writes it: see `formatIP` of wireguardcfg. */
export function writeIPv6(arena: Uint8Array, at: number, source: DataView, from: number): number {
  // The longest run of zero groups, the first of equals, at least two long.
  let runStart = -1
  let runLength = 1
  for (let i = 0; i < 8; i++) {
    let length = 0
    while (i + length < 8 && source.getInt16(from + 2 * (i + length)) === 0) length++
    if (length > runLength) {
      runStart = i
      runLength = length
    }
    i += length
  }
  const mapped = runLength === 5 && source.getUint16(from + 10) === 0xffff
  if (runStart === 0 && (runLength === 6 || mapped)) {
    arena[at++] = COLON
    arena[at++] = COLON
    if (mapped) {
      at = writeGroup(arena, at, 0xffff)
      arena[at++] = COLON
    }
    return writeIPv4(arena, at, source, from + 12)
  }
  for (let i = 0; i < 8; i++) {
    if (i === runStart) {
      if (i === 0) arena[at++] = COLON
      arena[at++] = COLON
      i += runLength - 1
    } else {
      at = writeGroup(arena, at, source.getUint16(from + 2 * i))
      if (i < 7) arena[at++] = COLON
    }
  }
  return at
}

/** A number from 0 to 255 in decimal. */
export function writeDecimal(arena: Uint8Array, at: number, value: number): number {
  if (value >= 100) {
    arena[at++] = ZERO + ((value / 100) | 0)
    arena[at++] = ZERO + (((value / 10) | 0) % 10)
  } else if (value >= 10) {
    arena[at++] = ZERO + ((value / 10) | 0)
  }
  arena[at++] = ZERO + (value % 10)
  return at
}

function writeGroup(arena: Uint8Array, at: number, group: number): number {
  if (group >= 0x1000) arena[at++] = HEX[group >> 12]!
  if (group >= 0x100) arena[at++] = HEX[(group >> 8) & 15]!
  if (group >= 0x10) arena[at++] = HEX[(group >> 4) & 15]!
  arena[at++] = HEX[group & 15]!
  return at
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
