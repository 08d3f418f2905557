import { invalid } from './errors.js'
import { HIDDEN } from './quote.js'
import { isKeyText } from './key-text.js'

// Not imported, because Node.js runs all lazy getters of a module for its named exports. That costs
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
/**
 * Checks the text of a public key and returns it.
 *
 * @example
 * ```ts
 * const publicKey = parsePublicKey(request.body.publicKey)
 * ```
 *
 * @throws WireGuardError `EINVAL` unless it is 44 characters of canonical base64
 */
export function parsePublicKey(text: string): PublicKey {
  if (typeof text === 'string' && isKeyText(text)) return text
  throw invalid(`public key: expected 44 characters of canonical base64, ${describeKeyText(text)}`)
}

/**
 * Returns the 32 bytes of a public key.
 *
 * @example
 * ```ts
 * publicKeyToBytes(peer.publicKey).length // 32
 * ```
 *
 * @throws WireGuardError `EINVAL` unless it is 44 characters of canonical base64
 */
export function publicKeyToBytes(key: PublicKey): Uint8Array {
  return Uint8Array.from(Buffer.from(parsePublicKey(key), 'base64'))
}

/**
 * Returns the text of a public key.
 *
 * @example
 * ```ts
 * publicKeyFromBytes(new Uint8Array(32)) // 'AAAA…AAA='
 * ```
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
 * `util.inspect` return `(hidden)`. The text is available on demand only.
 *
 * Two different keys look equal to `assert.deepStrictEqual` and jest's `toEqual`, because the bytes
 * are private. Compare them with {@link SecretKey.equals}. `structuredClone` empties a key.
 */
export class SecretKey {
  readonly #slab: Uint8Array
  readonly #offset: number

  /** Makes `instanceof` true for keys only, not for other objects with the prototype of a key. */
  static [Symbol.hasInstance](value: unknown): value is SecretKey {
    return typeof value === 'object' && value !== null && #slab in value
  }

  private constructor(slab: Uint8Array, offset: number) {
    this.#slab = slab
    this.#offset = offset
  }

  /**
   * Returns a new random private key, clamped as Curve25519 requires, like `wg genkey`.
   *
   * @example
   * ```ts
   * const privateKey = SecretKey.generatePrivate()
   * console.log(privateKey.publicKey())
   * ```
   */
  static generatePrivate(): SecretKey {
    const { privateKey } = crypto().generateKeyPairSync('x25519')
    const der = privateKey.export({ format: 'der', type: 'pkcs8' })
    return new SecretKey(Uint8Array.from(der.subarray(-KEY_LENGTH)), 0).clamped()
  }

  /**
   * Returns a new random preshared key, like `wg genpsk`.
   *
   * @example
   * ```ts
   * const peer = { publicKey, presharedKey: SecretKey.generatePreshared() }
   * ```
   */
  static generatePreshared(): SecretKey {
    return new SecretKey(Uint8Array.from(crypto().randomBytes(KEY_LENGTH)), 0)
  }

  /**
   * Reads a secret key from 44 characters of canonical base64, 64 hexadecimal digits, or 32 bytes
   * (copied). A `SecretKey` is returned as it is.
   *
   * @example
   * ```ts
   * const key = SecretKey.parse((await readFile('private.key', 'utf8')).trim())
   * ```
   *
   * @throws WireGuardError `EINVAL` for anything else, for zeros (use `null` to clear a key), and
   * for the text `(hidden)` of a redacted key
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
   * Returns a key that shares 32 bytes of a larger array instead of copying them. This is for
   * backends: the caller must not write to these bytes again.
   *
   * @throws WireGuardError `EINVAL` when the 32 bytes are not inside the array
   */
  static view(slab: Uint8Array, offset: number): SecretKey {
    if (!(offset >>> 0 === offset && offset + KEY_LENGTH <= slab.length)) {
      throw invalid('secret key: expected 32 bytes')
    }
    return new SecretKey(slab, offset)
  }

  /**
   * Returns the public key of this private key (X25519 with the base point), like `wg pubkey`.
   *
   * @example
   * ```ts
   * const publicKey = SecretKey.parse(text).publicKey()
   * ```
   */
  publicKey(): PublicKey {
    const der = Buffer.concat([PKCS8_X25519, this.#bytes()])
    const key = crypto().createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    der.fill(0)
    const spki = crypto().createPublicKey(key).export({ format: 'der', type: 'spki' })
    return spki.toString('base64', spki.byteLength - KEY_LENGTH)
  }

  /**
   * Returns this key as Curve25519 uses it: the three lowest bits and the highest one cleared, the
   * second highest set.
   */
  clamped(): SecretKey {
    const bytes = this.bytes()
    bytes[0] = bytes[0]! & 248
    bytes[31] = (bytes[31]! & 127) | 64
    return new SecretKey(bytes, 0)
  }

  /**
   * Returns 44 characters of base64. This is the secret itself: do not log it.
   *
   * @example
   * ```ts
   * await writeFile('private.key', key.toBase64(), { mode: 0o600 })
   * ```
   */
  toBase64(): string {
    return this.#bytes().toString('base64')
  }

  /** Returns 64 lower-case hexadecimal digits. This is the secret itself: do not log it. */
  toHex(): string {
    return this.#bytes().toString('hex')
  }

  /** Returns a copy of the 32 bytes. This is the secret itself: do not log it. */
  bytes(): Uint8Array {
    // A loop, because every call that copies takes several times as long for so few bytes.
    const copy = new Uint8Array(KEY_LENGTH)
    for (let i = 0; i < KEY_LENGTH; i++) copy[i] = this.#slab[this.#offset + i]!
    return copy
  }

  /**
   * Returns whether both keys have the same bytes, in a time that does not depend on where they
   * differ. Returns false for anything that is not a key.
   *
   * @example
   * ```ts
   * if (!key.equals(device.privateKey)) await client.configureDevice('wg0', { privateKey: key })
   * ```
   */
  equals(other: unknown): boolean {
    return other instanceof SecretKey && crypto().timingSafeEqual(this.#bytes(), other.#bytes())
  }

  /** Returns `(hidden)`. */
  toString(): string {
    return HIDDEN
  }

  /** Returns `(hidden)`. */
  toJSON(): string {
    return HIDDEN
  }

  /** Returns `(hidden)`. */
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
  if (text.length === 64 && HEX_KEY.test(text)) return decode(text, 'hex')
  if (text === HIDDEN) {
    throw invalid('secret key: got "(hidden)", the text of a redacted key', {
      hint: 'Pass the SecretKey itself, or its toBase64()',
    })
  }
  throw invalid(
    `secret key: expected 44 characters of canonical base64 or 64 hexadecimal digits, ${describeKeyText(text)}`,
  )
}

// Not Buffer.from(text), which would leave the secret in the pool that all small buffers of the
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
  if (bytes.byteLength !== KEY_LENGTH) {
    throw invalid(`secret key: expected 32 bytes, got ${bytes.byteLength}`)
  }
  // Check the copy too, because shared memory may change after a check of the original.
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
 * Says for an error what is wrong with the text of a key. It leaves out the text itself, because
 * users paste private keys into public fields.
 */
export function describeKeyText(text: unknown): string {
  if (typeof text !== 'string') return `got ${describeType(text)}`
  if (text.length > 1000) return `got ${text.length} characters`
  if (HEX_KEY.test(text)) return 'got 64 hexadecimal digits, which only SecretKey.parse accepts'
  if (/\s/.test(text)) return 'got text with white space'
  if (text.length !== 44) return `got ${text.length} characters`
  return /^[A-Za-z0-9+/]{43}=$/.test(text)
    ? 'got base64 whose unused bits are not zero'
    : 'got characters that are not base64'
}

/**
 * Reads a secret key of a configuration: a `SecretKey`, or 44 characters of canonical base64. Only
 * `SecretKey.parse` accepts hexadecimal, because in a configuration it is nearly always a mistake.
 *
 * @throws WireGuardError `EINVAL` as `SecretKey.parse`, and for hexadecimal
 */
export function parseConfigSecret(value: SecretKey | string): SecretKey {
  if (typeof value === 'string' && value.length === 64 && HEX_KEY.test(value)) {
    throw invalid(
      `secret key: expected 44 characters of canonical base64, ${describeKeyText(value)}`,
    )
  }
  return SecretKey.parse(value)
}
