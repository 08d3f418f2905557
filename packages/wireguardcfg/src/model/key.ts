import { invalid } from './errors.js'
import { isKeyText } from './key-text.js'

// Not imported: for the named exports of a module Node.js runs all its lazy getters, which costs
// every program 5 ms at its start.
const { inspect, types } = process.getBuiltinModule('node:util')
const crypto = () => process.getBuiltinModule('node:crypto')

/**
 * A WireGuard public key: 44 characters of canonical base64 (32 bytes, one `=`, unused bits zero).
 * The all-zero key is a legal peer.
 */
export type PublicKey = string

/** Length of every WireGuard key in bytes (`WG_KEY_LEN` of <linux/wireguard.h>). */
export const KEY_LENGTH = 32

const HEX_KEY = /^[0-9A-Fa-f]{64}$/
const HIDDEN = '(hidden)'

/**
 * Checks the text of a public key and returns it.
 *
 * @throws WireGuardError `EINVAL` unless it is 44 characters of canonical base64
 */
export function parsePublicKey(text: string): PublicKey {
  if (typeof text === 'string' && isKeyText(text)) return text
  throw invalid(`public key: expected 44 characters of canonical base64, ${describeKeyText(text)}`)
}

/**
 * The 32 bytes of a public key.
 *
 * @throws WireGuardError `EINVAL` unless it is 44 characters of canonical base64
 */
export function publicKeyToBytes(key: PublicKey): Uint8Array {
  return Uint8Array.from(Buffer.from(parsePublicKey(key), 'base64'))
}

/**
 * The text of a public key.
 *
 * @throws WireGuardError `EINVAL` unless there are 32 bytes
 */
export function publicKeyFromBytes(bytes: Uint8Array): PublicKey {
  if (!types.isUint8Array(bytes))
    throw invalid(`public key: expected 32 bytes, got ${describeType(bytes)}`)
  if (bytes.byteLength !== KEY_LENGTH) {
    throw invalid(`public key: expected 32 bytes, got ${bytes.byteLength}`)
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, KEY_LENGTH).toString('base64')
}

/**
 * A private or preshared key. It never prints itself: `String(key)`, `JSON.stringify` and
 * `util.inspect` give `(hidden)`; the text is available on demand only.
 *
 * Two different keys look equal to `assert.deepStrictEqual` and jest's `toEqual`, because the bytes
 * are private; compare with {@link SecretKey.equals}. `structuredClone` empties a key.
 */
export class SecretKey {
  readonly #slab: Uint8Array
  readonly #offset: number

  /** `instanceof` is true for real keys only, not for whatever has the prototype of one. */
  static [Symbol.hasInstance](value: unknown): value is SecretKey {
    return typeof value === 'object' && value !== null && #slab in value
  }

  private constructor(slab: Uint8Array, offset: number) {
    this.#slab = slab
    this.#offset = offset
  }

  /** A new random private key, clamped as Curve25519 wants it, like `wg genkey`. */
  static generatePrivate(): SecretKey {
    const { privateKey } = crypto().generateKeyPairSync('x25519')
    const der = privateKey.export({ format: 'der', type: 'pkcs8' })
    return new SecretKey(Uint8Array.from(der.subarray(-KEY_LENGTH)), 0).clamped()
  }

  /** A new random preshared key, like `wg genpsk`. */
  static generatePreshared(): SecretKey {
    return new SecretKey(Uint8Array.from(crypto().randomBytes(KEY_LENGTH)), 0)
  }

  /**
   * Reads a secret key from 44 characters of canonical base64, 64 hexadecimal digits, or 32 bytes
   * (copied). A `SecretKey` comes back as it is.
   *
   * @throws WireGuardError `EINVAL` when it is none of these, all zero (use `null` to clear a key),
   * or a redacted key
   */
  static parse(text: string | Uint8Array | SecretKey): SecretKey {
    if (text instanceof SecretKey) return text
    const bytes = typeof text === 'string' ? secretFromText(text) : secretFromBytes(text)
    if (bytes.every((byte) => byte === 0)) {
      throw invalid('secret key: all bytes are zero; use null to clear a key')
    }
    return new SecretKey(bytes, 0)
  }

  /**
   * For backends: a key that shares 32 bytes of a larger array instead of copying them. The caller
   * must not write to them again.
   *
   * @throws WireGuardError `EINVAL` when the 32 bytes are not inside the array
   */
  static view(slab: Uint8Array, offset: number): SecretKey {
    if (!(offset >>> 0 === offset && offset + KEY_LENGTH <= slab.length)) {
      throw invalid('secret key: expected 32 bytes')
    }
    return new SecretKey(slab, offset)
  }

  /** The public key of this private key (X25519 with the base point). */
  publicKey(): PublicKey {
    const der = Buffer.concat([PKCS8_X25519, this.#bytes()])
    const key = crypto().createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    der.fill(0)
    const spki = crypto().createPublicKey(key).export({ format: 'der', type: 'spki' })
    return spki.toString('base64', spki.byteLength - KEY_LENGTH)
  }

  /**
   * This key as Curve25519 uses it: the three lowest bits and the highest one cleared, the second
   * highest set.
   */
  clamped(): SecretKey {
    const bytes = this.bytes()
    bytes[0] = bytes[0]! & 248
    bytes[31] = (bytes[31]! & 127) | 64
    return new SecretKey(bytes, 0)
  }

  /** 44 characters of base64. The secret itself: do not log it. */
  toBase64(): string {
    return this.#bytes().toString('base64')
  }

  /** 64 lower-case hexadecimal digits. The secret itself: do not log it. */
  toHex(): string {
    return this.#bytes().toString('hex')
  }

  /** A copy of the 32 bytes. */
  bytes(): Uint8Array {
    // A loop: each way of copying by call takes several times as long for so few bytes.
    const copy = new Uint8Array(KEY_LENGTH)
    for (let i = 0; i < KEY_LENGTH; i++) copy[i] = this.#slab[this.#offset + i]!
    return copy
  }

  /**
   * True when both keys have the same bytes; takes the same time wherever they differ. False for
   * anything else.
   */
  equals(other: unknown): boolean {
    return other instanceof SecretKey && crypto().timingSafeEqual(this.#bytes(), other.#bytes())
  }

  /** `(hidden)`. */
  toString(): string {
    return HIDDEN
  }

  /** `(hidden)`. */
  toJSON(): string {
    return HIDDEN
  }

  /** `(hidden)`. */
  [inspect.custom](): string {
    return HIDDEN
  }

  #bytes(): Buffer {
    return Buffer.from(this.#slab.buffer, this.#slab.byteOffset + this.#offset, KEY_LENGTH)
  }
}

// RFC 8410, section 7: the DER header of an X25519 private key in PKCS #8.
const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex')

function secretFromText(text: string): Uint8Array {
  if (isKeyText(text)) return decode(text, 'base64')
  if (HEX_KEY.test(text)) return decode(text, 'hex')
  if (text === HIDDEN) {
    throw invalid(
      'secret key: "(hidden)" is what a key prints as; a redacted key was passed. Pass the SecretKey itself or toBase64()',
    )
  }
  throw invalid(
    `secret key: expected 44 characters of canonical base64 or 64 hexadecimal digits, ${describeKeyText(text)}`,
  )
}

// Not Buffer.from(text): that would leave the secret in the pool which all small buffers of the
// process share.
const SCRATCH = Buffer.alloc(KEY_LENGTH)

function decode(text: string, encoding: 'base64' | 'hex'): Uint8Array {
  SCRATCH.write(text, encoding)
  const bytes = new Uint8Array(SCRATCH)
  SCRATCH.fill(0)
  return bytes
}

function secretFromBytes(bytes: Uint8Array): Uint8Array {
  if (!types.isUint8Array(bytes)) {
    throw invalid(
      `secret key: expected a string, 32 bytes or a SecretKey, got ${describeType(bytes)}`,
    )
  }
  // The copy is checked, not the original: shared memory may change in between.
  const copy = new Uint8Array(bytes)
  if (copy.byteLength !== KEY_LENGTH) {
    throw invalid(`secret key: expected 32 bytes, got ${copy.byteLength}`)
  }
  return copy
}

function describeType(value: unknown): string {
  return value === null ? 'null' : `a value of type ${typeof value}`
}

/**
 * What is wrong with the text of a key, without the text: users paste private keys into public
 * fields. For errors about keys.
 */
export function describeKeyText(text: unknown): string {
  if (typeof text !== 'string') return `got ${describeType(text)}`
  if (HEX_KEY.test(text)) return 'got 64 hexadecimal digits; only SecretKey.parse takes these'
  if (/\s/.test(text)) return 'got text with white space in it'
  if (text.length !== 44) return `got ${text.length} characters`
  return /^[A-Za-z0-9+/]{43}=$/.test(text)
    ? 'got base64 whose unused bits are not zero'
    : 'got other characters'
}

/**
 * A secret key as a configuration has it: a `SecretKey`, or 44 characters of canonical base64.
 * Hexadecimal is for `SecretKey.parse` alone: in a configuration it is nearly always a mix-up.
 *
 * @throws WireGuardError `EINVAL` as `SecretKey.parse`, and for hexadecimal
 */
export function parseConfigSecret(value: SecretKey | string): SecretKey {
  if (typeof value === 'string' && /^[0-9A-Fa-f]{64}$/.test(value)) {
    throw invalid(
      `secret key: expected 44 characters of canonical base64, ${describeKeyText(value)}`,
    )
  }
  return SecretKey.parse(value)
}
