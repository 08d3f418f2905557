import { isUtf8 } from 'node:buffer'

/**
 * Decodes UTF-8 so that no byte is lost: one that is not UTF-8 becomes a lone surrogate, from
 * U+DC80 for 0x80 to U+DCFF for 0xff. Messages show it as `\xe9`. wg(8) works with bytes.
 */
export function decodeBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  return bytes
    .toString('latin1')
    .replaceAll(NOT_ASCII, (piece) =>
      piece.length > 1
        ? Buffer.from(piece, 'latin1').toString('utf8')
        : String.fromCharCode(FIRST_BYTE + piece.charCodeAt(0)),
    )
}

/** Encodes what {@link decodeBytes} has decoded. */
export function encodeBytes(text: string): Buffer {
  if (!/\p{Surrogate}/u.test(text)) return Buffer.from(text)
  return Buffer.concat(
    Array.from(text, (character) => {
      const code = character.charCodeAt(0)
      const isByte = character.length === 1 && code >= 0xdc80 && code <= 0xdcff
      return isByte ? Buffer.of(code - FIRST_BYTE) : Buffer.from(character)
    }),
  )
}

const FIRST_BYTE = 0xdc00

// A character in UTF-8 (RFC 3629, section 4), or a byte that belongs to none.
const NOT_ASCII =
  /[\xC2-\xDF][\x80-\xBF]|\xE0[\xA0-\xBF][\x80-\xBF]|\xED[\x80-\x9F][\x80-\xBF]|[\xE1-\xEC\xEE\xEF][\x80-\xBF]{2}|\xF0[\x90-\xBF][\x80-\xBF]{2}|\xF4[\x80-\x8F][\x80-\xBF]{2}|[\xF1-\xF3][\x80-\xBF]{3}|[\x80-\xFF]/g
