// Writers of ASCII text into an arena: the text of a whole datagram is written as bytes, decoded
// once, and cut into slices. Every writer returns where the next one begins; the caller has made
// room.

const BASE64 = ascii('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
/**
 * The two characters of each 12 bits as they lie in memory: written at once, they halve the steps
 * of one table of 64.
 */
const PAIRS = pairsOf(BASE64)
const RUNS = longestRuns()
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

/**
 * The base64 text of the 32 bytes at `from`: {@link KEY_TEXT_LENGTH} characters at `at`, which is
 * even.
 */
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
  let zeros = 0
  for (let i = 0; i < 4; i++) {
    const groups = source.getInt32(from + 4 * i)
    zeros = (zeros << 2) | (groups >>> 16 === 0 ? 2 : 0) | ((groups & 0xffff) === 0 ? 1 : 0)
  }
  const run = RUNS[zeros]!
  const runStart = run >> 4
  const runEnd = runStart + (run & 15)
  if (runStart === 0 && runEnd >= 5) {
    const mapped = runEnd === 5 && source.getUint16(from + 10) === 0xffff
    if (runEnd === 6 || mapped) {
      arena[at++] = COLON
      arena[at++] = COLON
      if (mapped) {
        at = writeGroup(arena, at, 0xffff)
        arena[at++] = COLON
      }
      return writeIPv4(arena, at, source, from + 12)
    }
  }
  for (let i = 0; i < 8; i++) {
    if (i === runStart && runEnd > runStart) {
      if (i === 0) arena[at++] = COLON
      arena[at++] = COLON
      i = runEnd - 1
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

/**
 * The longest run of zero groups, the first of equals, at least two long: its first group times 16
 * and its length, by which of the 8 groups are zero, the first by the highest bit.
 */
function longestRuns(): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, zeros) => {
    let best = 0
    let length = 0
    for (let i = 0; i < 8; i++) {
      length = (zeros & (0x80 >> i)) === 0 ? 0 : length + 1
      if (length >= 2 && length > (best & 15)) best = ((i + 1 - length) << 4) | length
    }
    return best
  })
}

function pairsOf(characters: Uint8Array): Uint16Array {
  const bytes = new Uint8Array(2 * 64 * 64)
  let at = 0
  for (let first = 0; first < 64; first++) {
    for (let second = 0; second < 64; second++) {
      bytes[at++] = characters[first]!
      bytes[at++] = characters[second]!
    }
  }
  return new Uint16Array(bytes.buffer)
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
