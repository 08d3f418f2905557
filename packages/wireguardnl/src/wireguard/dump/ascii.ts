// Writers of ASCII text into an arena. The text of a whole datagram is written as bytes, decoded
// once, and cut into slices. Every writer returns the offset after its text. The caller has made
// room.

const BASE64 = ascii('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
/**
 * The two base64 characters of every 12-bit value, as they lie in memory. Writing both at once
 * halves the steps that a table of 64 characters takes.
 */
const PAIRS = pairsOf(BASE64)
const RUNS = longestRuns()
const HEX = ascii('0123456789abcdef')
const DOT = 0x2e
const COLON = 0x3a
const EQUALS = 0x3d
const ZERO = 0x30

/** Length of a key in base64. */
export const KEY_TEXT_LENGTH = 44
/** Length of the longest text of an IP address. */
export const MAX_ADDRESS_TEXT_LENGTH = 39

/** Memory for text, as bytes and as pairs of bytes. */
export class Arena {
  readonly bytes: Buffer
  readonly pairs: Uint16Array

  /** Allocates `length` bytes, an even number. */
  constructor(length: number) {
    // Not from the pool that small buffers share: pairs must begin at even addresses.
    this.bytes = Buffer.alloc(length)
    this.pairs = new Uint16Array(this.bytes.buffer, this.bytes.byteOffset, length / 2)
  }
}

/**
 * Writes the base64 text of the 32 bytes at `from`: {@link KEY_TEXT_LENGTH} characters at `at`,
 * which must be even.
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

/** Writes the dotted decimal text of the 4 bytes at `from`. */
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

/**
 * Writes the text of the 16 bytes at `from` in the form of the model: see `formatIP` of
 * wireguardcfg.
 */
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

/** Writes a number from 0 to 255 in decimal. */
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
 * Returns the longest run of zero groups for each of the 256 patterns of zero groups, as the index
 * of its first group times 16 plus its length. A run has at least two groups. Of equal runs the
 * first counts. The highest bit of a pattern is the first of the 8 groups.
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
