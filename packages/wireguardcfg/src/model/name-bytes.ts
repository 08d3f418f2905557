// The kernel's names are bytes. Text stands for them one to one, so that no name is shown as, or
// taken for, that of another interface. A byte that is not part of UTF-8 becomes one code unit from
// U+DC80 to U+DCFF, which no other text has: Python's surrogateescape (PEP 383). So do the bytes of
// U+FFFD, because that character stands for bytes that were lost somewhere.

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const LOST = '\ufffd'
const ESCAPE = 0xdc00
// With the flag u, only code units without their other half.
const SURROGATE = /[\ud800-\udfff]/u

/**
 * Returns the text of a name.
 *
 * @example
 * ```ts
 * decodeName(Uint8Array.of(0x77, 0x67, 0xff)) // 'wg\udcff'
 * ```
 */
export function decodeName(bytes: Uint8Array): string {
  const text = decoder.decode(bytes)
  return text.includes(LOST) ? decodeEscaped(bytes) : text
}

/** Returns the bytes of a name that {@link decodeName} may have returned. */
export function encodeName(name: string): Uint8Array {
  if (!SURROGATE.test(name)) return Buffer.from(name)
  const bytes = Array.from(name, (character) => {
    const code = character.codePointAt(0)!
    const isEscape = code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff
    return isEscape ? Buffer.of(code - ESCAPE) : Buffer.from(character)
  })
  return Buffer.concat(bytes)
}

/** Returns whether {@link decodeName} can return this text: whether it stands for a name. */
export function isNameText(name: string): boolean {
  if (!name.includes(LOST) && !SURROGATE.test(name)) return true
  return decodeName(encodeName(name)) === name
}

function decodeEscaped(bytes: Uint8Array): string {
  let name = ''
  for (let i = 0; i < bytes.length;) {
    const character = characterAt(bytes, i)
    name += character ?? String.fromCharCode(ESCAPE + bytes[i]!)
    i += character === undefined ? 1 : Buffer.byteLength(character)
  }
  return name
}

/** Returns the character whose UTF-8 begins at `i`; undefined if there is none, or it is U+FFFD. */
function characterAt(bytes: Uint8Array, i: number): string | undefined {
  for (let length = 1; length <= 4 && i + length <= bytes.length; length++) {
    const text = decoder.decode(bytes.subarray(i, i + length))
    if (!text.includes(LOST)) return text
  }
  return undefined
}
