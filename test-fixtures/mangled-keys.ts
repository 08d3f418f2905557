import * as fc from 'fast-check'

/** A key as a user may have pasted it somewhere. */
export interface MangledKey {
  /** What it was, without padding: no 12 characters in a row of it may be shown. */
  readonly key: string
  readonly text: string
}

function of(key: string, text: string = key): MangledKey {
  return { key: key.replace('=', ''), text }
}

function insert(text: string, at: number, what: string, instead = 0): string {
  return text.slice(0, at) + what + text.slice(at + instead)
}

/** Every kind of mangling, of one key. */
export function mangledKeys(bytes: Uint8Array): [name: string, mangled: MangledKey][] {
  const base64 = Buffer.from(bytes).toString('base64')
  const url = Buffer.from(bytes).toString('base64url')
  const hex = Buffer.from(bytes).toString('hex')
  return [
    ['in base64', of(base64)],
    ['without padding', of(base64, base64.slice(0, 43))],
    ['without its first characters', of(base64, base64.slice(4))],
    ['without its last characters', of(base64, base64.slice(0, 40))],
    ['with a character missing', of(base64, insert(base64, 17, '', 1))],
    ['with a wrong character', of(base64, insert(base64, 20, '!', 1))],
    ['with two wrong characters', of(base64, insert(insert(base64, 30, '!', 1), 12, '!', 1))],
    ['with a space inside', of(base64, insert(base64, 22, ' '))],
    ['with a line break inside', of(base64, insert(base64, 22, '\r\n'))],
    ['with an invisible character inside', of(base64, insert(base64, 22, '\u200b'))],
    ['in the alphabet of URLs', of(url)],
    ['percent-encoded', of(base64, encodeURIComponent(base64))],
    ['percent-encoded as a whole', of(base64, percentEncoded(base64))],
    ['in hexadecimal', of(hex)],
    ['in upper case hexadecimal', of(hex.toUpperCase())],
    ['in hexadecimal behind 0x', of(hex, `0x${hex}`)],
    ['in hexadecimal with digits missing', of(hex, hex.slice(2, -2))],
    ['in hexadecimal with a wrong digit', of(hex, insert(hex, 30, 'g', 1))],
  ]
}

/** Random keys, mangled and inside other text in random ways. */
export const mangledKey: fc.Arbitrary<MangledKey> = fc
  .record({
    bytes: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(scrambled),
    encoding: fc.constantFrom('base64', 'base64url', 'hex', 'HEX'),
    hasPadding: fc.boolean(),
    missing: fc.array(fc.nat(60), { maxLength: 3 }),
    wrong: fc.array(
      fc.record({
        at: fc.nat(60),
        what: fc.constantFrom(...'! \n.,:;*"\'()<>\t\u200b\u00e9'.split('')),
        isInserted: fc.boolean(),
      }),
      { maxLength: 2 },
    ),
    percent: fc.constantFrom('no', 'no', 'where needed', 'everywhere'),
    around: fc.constantFrom(
      ['', ''],
      ['option=', ''],
      ['', ':51820'],
      ['/etc/wireguard/', '.conf'],
      ['privateKey', ''],
      ['https://example.com/?key=', '&x=1'],
      ['PrivateKey = ', ' # mine'],
      ['.'.repeat(60), ''],
      ['x'.repeat(79), ''],
    ),
  })
  .map(({ bytes, encoding, hasPadding, missing, wrong, percent, around }) => {
    let key = encode(bytes, encoding)
    for (const at of missing) key = key.slice(0, at) + key.slice(at + 1)
    let text = hasPadding && encoding === 'base64' ? `${key}=` : key
    for (const { at, what, isInserted } of wrong) {
      text = text.slice(0, at) + what + text.slice(isInserted ? at : at + 1)
    }
    if (percent === 'where needed') text = encodeURIComponent(text)
    if (percent === 'everywhere') text = percentEncoded(text)
    return { key, text: around[0] + text + around[1] }
  })

/** Whether 12 characters in a row of the key can be seen in a text. */
export function shows(text: string, { key, text: mangled }: MangledKey): boolean {
  for (const secret of [key, mangled.includes('%') ? percentEncoded(key) : key]) {
    const length = secret === key ? 12 : 36
    for (let i = 0; i + length <= secret.length; i++) {
      if (text.includes(secret.slice(i, i + length))) return true
    }
  }
  return false
}

/** Keys are random, whatever fast-check tries: zeros and small numbers are not. */
function scrambled(bytes: Uint8Array): Uint8Array {
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256').update(bytes).digest()
}

function encode(bytes: Uint8Array, encoding: string): string {
  const buffer = Buffer.from(bytes)
  if (encoding === 'HEX') return buffer.toString('hex').toUpperCase()
  return buffer.toString(encoding as BufferEncoding).replace('=', '')
}

function percentEncoded(text: string): string {
  return Array.from(
    Buffer.from(text),
    (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('')
}
