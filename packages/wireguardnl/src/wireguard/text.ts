// Writers of ASCII text into an arena: the text of a whole datagram is written as bytes, decoded once, and cut into slices.
// Every writer returns where the next one begins; the caller has made room.

const BASE64 = ascii('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
/** The two characters of each 12 bits: half the steps of one table of 64. */
const PAIRS = Uint16Array.from(
  { length: 4096 },
  (_, bits) => (BASE64[bits >> 6]! << 8) | BASE64[bits & 63]!,
)
const HEX = ascii('0123456789abcdef')
const DOT = 0x2e
const COLON = 0x3a
const EQUALS = 0x3d
const ZERO = 0x30

/** Length of the base64 text of a key. */
export const KEY_TEXT_LENGTH = 44
/** Length of the longest text of an address. */
export const MAX_ADDRESS_TEXT_LENGTH = 39

/** The base64 text of the 32 bytes at `from`: {@link KEY_TEXT_LENGTH} characters. */
export function writeKey(arena: Uint8Array, at: number, source: Uint8Array, from: number): number {
  const last = from + 30
  while (from < last) {
    const bits = (source[from]! << 16) | (source[from + 1]! << 8) | source[from + 2]!
    const first = PAIRS[bits >> 12]!
    const second = PAIRS[bits & 0xfff]!
    arena[at] = first >> 8
    arena[at + 1] = first
    arena[at + 2] = second >> 8
    arena[at + 3] = second
    from += 3
    at += 4
  }
  const bits = (source[last]! << 16) | (source[last + 1]! << 8)
  arena[at] = BASE64[bits >> 18]!
  arena[at + 1] = BASE64[(bits >> 12) & 63]!
  arena[at + 2] = BASE64[(bits >> 6) & 63]!
  arena[at + 3] = EQUALS
  return at + 4
}

/** The dotted decimal text of the 4 bytes at `from`. */
export function writeIPv4(arena: Uint8Array, at: number, source: Uint8Array, from: number): number {
  at = writeDecimal(arena, at, source[from]!)
  arena[at] = DOT
  at = writeDecimal(arena, at + 1, source[from + 1]!)
  arena[at] = DOT
  at = writeDecimal(arena, at + 1, source[from + 2]!)
  arena[at] = DOT
  return writeDecimal(arena, at + 1, source[from + 3]!)
}

/** The text of the 16 bytes at `from` as the model writes it: see `formatIP` of wireguardcfg. */
export function writeIPv6(arena: Uint8Array, at: number, source: Uint8Array, from: number): number {
  // The longest run of zero groups, the first of equals, at least two long.
  let runStart = -1
  let runLength = 1
  for (let i = 0; i < 8; i++) {
    let length = 0
    while (i + length < 8 && isZero(source, from + 2 * (i + length))) length++
    if (length > runLength) {
      runStart = i
      runLength = length
    }
    i += length
  }
  const mapped = runLength === 5 && source[from + 10] === 0xff && source[from + 11] === 0xff
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
      at = writeGroup(arena, at, (source[from + 2 * i]! << 8) | source[from + 2 * i + 1]!)
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

function isZero(source: Uint8Array, at: number): boolean {
  return source[at] === 0 && source[at + 1] === 0
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
