import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import {
  KEY_LENGTH,
  parsePublicKey,
  publicKeyFromBytes,
  publicKeyToBytes,
  SecretKey,
} from '../../src/model/key.js'
import { everyText, partsOf, thrown } from './faults.js'

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const TEXT = 'dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo='
const HEX = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'
const ZERO = `${'A'.repeat(43)}=`

// RFC 7748, section 6.1.
const VECTORS = [
  {
    name: "Alice's",
    secret: HEX,
    publicKey: '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  },
  {
    name: "Bob's",
    secret: '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
    publicKey: 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  },
]

// Texts that are no key, neither public nor secret.
const BAD_TEXTS: [name: string, text: string][] = [
  ['no text', ''],
  ['43 characters', TEXT.slice(0, 42) + '='],
  ['45 characters', `A${TEXT}`],
  ['43 characters without padding', TEXT.slice(0, 43)],
  ['two padding characters', `${TEXT.slice(0, 42)}==`],
  ['url-safe alphabet, minus', `-${TEXT.slice(1)}`],
  ['url-safe alphabet, underscore', `_${TEXT.slice(1)}`],
  ['a newline after it', `${TEXT}\n`],
  ['a newline before it', `\n${TEXT}`],
  ['a newline in place of a character', `${TEXT.slice(0, 20)}\n${TEXT.slice(21)}`],
  ['a space after it', `${TEXT} `],
  ['a space inside', `${TEXT.slice(0, 20)} ${TEXT.slice(20)}`],
  ['a NUL after it', `${TEXT}\0`],
  ['a lone surrogate', `\ud800${TEXT.slice(1)}`],
  ['full-width characters', `\uff21${TEXT.slice(1)}`],
  ['unused bits that are not zero', `${TEXT.slice(0, 42)}p=`],
  ['63 hexadecimal digits', HEX.slice(1)],
  ['65 hexadecimal digits', `${HEX}0`],
  ['hexadecimal digits with 0x', `0x${HEX.slice(2)}`],
  ['hexadecimal digits and a newline', `${HEX}\n`],
  ['much text', TEXT.repeat(10_000)],
]

const NOT_TEXT: [name: string, value: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 5],
  ['a BigInt', 5n],
  ['a symbol', Symbol('key')],
  ['an array of numbers', Array.from({ length: 32 }, () => 1)],
  ['an array that prints as a key', [TEXT]],
  ['an object that prints as a key', { toString: () => TEXT }],
  ['32 bytes as 16-bit numbers', new Uint16Array(16).fill(1)],
  ['an ArrayBuffer', new ArrayBuffer(32)],
  ['what only has the prototype of bytes', Object.create(Uint8Array.prototype)],
  ['what only has the prototype of a key', Object.create(SecretKey.prototype)],
]

describe('public keys', () => {
  it.each(VECTORS)('come from $name private key of RFC 7748', ({ secret, publicKey }) => {
    const expected = Buffer.from(publicKey, 'hex').toString('base64')
    expect(SecretKey.parse(secret).publicKey()).toBe(expected)
  })

  it('is that of the clamped key', () => {
    const key = SecretKey.parse(new Uint8Array(32).fill(255))
    expect(key.publicKey()).toBe(key.clamped().publicKey())
  })

  it('are accepted in canonical base64, also all zero', () => {
    expect(parsePublicKey(TEXT)).toBe(TEXT)
    expect(parsePublicKey(ZERO)).toBe(ZERO)
  })

  it.each(BAD_TEXTS)('are refused: %s', (_, text) => {
    expect(thrown(() => parsePublicKey(text)).code).toBe('EINVAL')
    expect(thrown(() => publicKeyToBytes(text)).code).toBe('EINVAL')
  })

  it.each(NOT_TEXT)('are refused: %s', (_, value) => {
    const error = thrown(() => parsePublicKey(value as string))
    expect(error.code).toBe('EINVAL')
    expect(partsOf(TEXT, everyText(error))).toEqual([])
  })

  it('are refused in hexadecimal, with a hint', () => {
    expect(thrown(() => parsePublicKey(HEX)).message).toMatch(/SecretKey\.parse/)
  })

  it('keep their bytes in both directions', () => {
    const bytes = publicKeyToBytes(TEXT)
    expect(Buffer.from(bytes).toString('hex')).toBe(HEX)
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
    expect(publicKeyFromBytes(bytes)).toBe(TEXT)
  })

  it('are made from a part of a larger array', () => {
    const slab = new Uint8Array(100)
    slab.set(Buffer.from(HEX, 'hex'), 7)
    expect(publicKeyFromBytes(slab.subarray(7, 7 + KEY_LENGTH))).toBe(TEXT)
  })

  it.each([0, 31, 33])('are not made from %d bytes', (length) => {
    expect(thrown(() => publicKeyFromBytes(new Uint8Array(length))).code).toBe('EINVAL')
  })

  it.each(NOT_TEXT)('are not made from %s', (_, value) => {
    expect(thrown(() => publicKeyFromBytes(value as Uint8Array)).code).toBe('EINVAL')
  })
})

describe('the last character of a key', () => {
  it.each(BASE64.split('').map((character, i) => ({ character, canonical: i % 4 === 0 })))(
    '$character: canonical is $canonical',
    ({ character, canonical }) => {
      const text = `${TEXT.slice(0, 42)}${character}=`
      if (canonical) {
        expect(parsePublicKey(text)).toBe(text)
        expect(SecretKey.parse(text).toBase64()).toBe(text)
      } else {
        expect(thrown(() => parsePublicKey(text)).message).toMatch(/unused bits/)
        expect(thrown(() => SecretKey.parse(text)).message).toMatch(/unused bits/)
      }
    },
  )
})

describe('SecretKey.parse', () => {
  it.each([
    ['base64', TEXT],
    ['hexadecimal digits', HEX],
    ['capital hexadecimal digits', HEX.toUpperCase()],
    ['bytes', Uint8Array.from(Buffer.from(HEX, 'hex'))],
    ['a Buffer', Buffer.from(HEX, 'hex')],
  ])('reads %s', (_, value) => {
    const key = SecretKey.parse(value)
    expect(key.toBase64()).toBe(TEXT)
    expect(key.toHex()).toBe(HEX)
    expect(Buffer.from(key.bytes()).toString('hex')).toBe(HEX)
  })

  it('returns a key unchanged', () => {
    const key = SecretKey.parse(TEXT)
    expect(SecretKey.parse(key)).toBe(key)
  })

  it.each(BAD_TEXTS)('refuses %s and does not repeat it', (_, text) => {
    const error = thrown(() => SecretKey.parse(text))
    expect(error.code).toBe('EINVAL')
    expect(partsOf(TEXT, everyText(error))).toEqual([])
    expect(partsOf(HEX, everyText(error))).toEqual([])
  })

  it.each(NOT_TEXT)('refuses %s and does not repeat it', (_, value) => {
    const error = thrown(() => SecretKey.parse(value as string))
    expect(error.code).toBe('EINVAL')
    expect(partsOf(TEXT, everyText(error))).toEqual([])
  })

  it.each([
    ['base64', ZERO],
    ['hexadecimal digits', '0'.repeat(64)],
    ['bytes', new Uint8Array(32)],
  ])('refuses an all-zero key in favour of null: %s', (_, value) => {
    expect(thrown(() => SecretKey.parse(value)).message).toMatch(/zero; use null/)
  })

  it('reports that a redacted key was passed', () => {
    const error = thrown(() => SecretKey.parse(String(SecretKey.generatePrivate())))
    expect(error.message).toMatch(/redacted/)
  })

  it.each([0, 1, 31, 33, 64])('refuses %d bytes', (length) => {
    const error = thrown(() => SecretKey.parse(new Uint8Array(length).fill(1)))
    expect(error.message).toMatch(`got ${length}`)
  })

  it('counts the existing bytes, not the claimed length', () => {
    class Liar extends Uint8Array {
      override get byteLength() {
        return 32
      }
    }
    expect(thrown(() => SecretKey.parse(new Liar(4).fill(1))).message).toMatch(/got 4$/)
  })

  it('copies the bytes', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(40), 8)
    for (const bytes of [new Uint8Array(32), Buffer.allocUnsafe(32), shared]) {
      bytes.set(Buffer.from(HEX, 'hex'))
      const key = SecretKey.parse(bytes)
      bytes.fill(7)
      expect(key.toHex()).toBe(HEX)
    }
  })

  it('leaves no secret in the pool of small buffers', () => {
    const secret = Buffer.alloc(32)
    secret.set(SecretKey.generatePrivate().bytes())
    const texts = [secret.toString('base64'), secret.toString('hex')]
    for (let i = 0; i < 100; i++) for (const text of texts) SecretKey.parse(text).publicKey()
    const pool = Buffer.from(Buffer.from('x').buffer)
    expect(pool.byteLength).toBeGreaterThan(1000)
    expect(pool.includes(secret)).toBe(false)
  })
})

describe('a generated key', () => {
  it('is clamped when it is a private key, and never the same twice', () => {
    const keys = Array.from({ length: 64 }, () => SecretKey.generatePrivate())
    for (const key of keys) {
      const bytes = key.bytes()
      expect([bytes[0]! & 7, bytes[31]! & 192]).toEqual([0, 64])
      expect(key.equals(key.clamped())).toBe(true)
    }
    expect(new Set(keys.map((key) => key.toHex())).size).toBe(keys.length)
  })

  it('is any 32 bytes when it is a preshared key', () => {
    const keys = Array.from({ length: 64 }, () => SecretKey.generatePreshared())
    expect(keys.some((key) => !key.equals(key.clamped()))).toBe(true)
    expect(new Set(keys.map((key) => key.toHex())).size).toBe(keys.length)
  })

  it('can be read again', () => {
    const key = SecretKey.generatePrivate()
    expect(SecretKey.parse(key.toBase64()).equals(key)).toBe(true)
    expect(SecretKey.parse(key.toHex()).equals(key)).toBe(true)
  })
})

describe('clamped', () => {
  it('clears and sets the bits that Curve25519 requires', () => {
    const ones = SecretKey.parse(new Uint8Array(32).fill(255))
    expect(ones.clamped().toHex()).toBe(`f8${'ff'.repeat(30)}7f`)
    expect(ones.toHex()).toBe('ff'.repeat(32))
    const low = SecretKey.parse(`07${'00'.repeat(31)}`)
    expect(low.clamped().toHex()).toBe(`${'00'.repeat(31)}40`)
  })
})

describe('a secret key never prints itself', () => {
  const key = SecretKey.parse(TEXT)

  it.each([
    ['String()', () => String(key), '(hidden)'],
    ['toString', () => key.toString(), '(hidden)'],
    ['concatenation', () => ['key ', key].join(''), 'key (hidden)'],
    ['JSON', () => JSON.stringify({ key, list: [key] }), '{"key":"(hidden)","list":["(hidden)"]}'],
    ['inspect', () => inspect(key), '(hidden)'],
    ['inspect with everything', () => inspect({ a: { b: [key] } }, SHOW_ALL), '(hidden)'],
    ['inspect of a proxy', () => inspect(new Proxy(key, {}), SHOW_ALL), '(hidden)'],
    [
      'inspect without custom functions',
      () => inspect(key, { ...SHOW_ALL, customInspect: false }),
      'SecretKey',
    ],
    ['keys', () => Reflect.ownKeys(key).join(), ''],
    ['entries', () => JSON.stringify(Object.entries(Object.assign({}, key))), '[]'],
  ])('%s', (_, print, expected) => {
    expect(print()).toContain(expected)
    expect(partsOf(TEXT, print())).toEqual([])
    expect(partsOf(HEX, print())).toEqual([])
    expect(print()).not.toMatch(/119,\s*7,\s*109/)
  })

  it.each(['%s', '%o', '%O', '%j', '%d'])('console format %s', async (format) => {
    const { format: print } = await import('node:util')
    const text = print(format, { key }) + print(format, key)
    expect(text).not.toContain('undefined')
    expect(partsOf(TEXT, text)).toEqual([])
    expect(text).not.toMatch(/119,\s*7,\s*109/)
  })
})

const SHOW_ALL = { showHidden: true, showProxy: true, depth: 20, getters: true }

describe('equality', () => {
  const one = SecretKey.parse(TEXT)
  const same = SecretKey.parse(HEX)
  const other = SecretKey.generatePrivate()

  it('compares the bytes', () => {
    expect(one.equals(same)).toBe(true)
    expect(one.equals(other)).toBe(false)
  })

  it.each([
    undefined,
    null,
    TEXT,
    HEX,
    {},
    Buffer.from(HEX, 'hex'),
    Object.create(SecretKey.prototype),
  ])('is false for a value that is not a key: %p', (value) => expect(one.equals(value)).toBe(false))

  it('is used by the expectations of these tests, at any depth', () => {
    expect(one).toEqual(same)
    expect(one).not.toEqual(other)
    expect({ peers: [{ presharedKey: one }] }).toEqual({ peers: [{ presharedKey: same }] })
    expect({ peers: [{ presharedKey: one }] }).not.toEqual({ peers: [{ presharedKey: other }] })
    expect({ key: one }).not.toEqual({ key: {} })
    expect({ key: one }).not.toMatchObject({ key: other })
    expect([one]).not.toContainEqual(other)
  })
})

describe('structuredClone', () => {
  it('empties a key, and its result is not a key', () => {
    const clone: unknown = structuredClone(SecretKey.parse(TEXT))
    expect(clone).not.toBeInstanceOf(SecretKey)
    expect(Reflect.ownKeys(clone as object)).toEqual([])
    expect(thrown(() => SecretKey.parse(clone as SecretKey)).code).toBe('EINVAL')
  })
})

describe('SecretKey.view', () => {
  it('shares the bytes of the array', () => {
    const slab = new Uint8Array(96)
    slab.set(Buffer.from(HEX, 'hex'), 33)
    const key = SecretKey.view(slab, 33)
    expect(key.toHex()).toBe(HEX)
    slab[33] = 0
    expect(key.toHex()).toBe(`00${HEX.slice(2)}`)
  })

  it('counts from the start of a part of a larger buffer', () => {
    const whole = new Uint8Array(128)
    whole.set(Buffer.from(HEX, 'hex'), 64)
    expect(SecretKey.view(whole.subarray(32), 32).toHex()).toBe(HEX)
  })

  it.each([-1, 1, 32, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses offset %d of 32 bytes inside a larger buffer',
    (offset) => {
      const slab = new Uint8Array(128).subarray(32, 64)
      expect(thrown(() => SecretKey.view(slab, offset)).code).toBe('EINVAL')
    },
  )
})

describe('SecretKey.view of a larger array', () => {
  it.each([0.5, 31.5, '1', null])('refuses offset %p', (offset) => {
    const slab = new Uint8Array(128)
    expect(thrown(() => SecretKey.view(slab, offset as number)).code).toBe('EINVAL')
  })
})

describe('instanceof', () => {
  it('is true for keys only', () => {
    expect(SecretKey.parse(TEXT)).toBeInstanceOf(SecretKey)
    expect(Object.create(SecretKey.prototype)).not.toBeInstanceOf(SecretKey)
    expect(Object.assign({}, SecretKey.parse(TEXT))).not.toBeInstanceOf(SecretKey)
  })
})
