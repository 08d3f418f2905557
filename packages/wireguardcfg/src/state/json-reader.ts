import { elementsOf } from '../backend/given-list.js'
import { atPath, invalid, type WireGuardError } from '../model/errors.js'
import { MOST_ALLOWED_IPS } from '../model/limits.js'
import { quote } from '../model/quote.js'

/** Reads values out of parsed JSON, and names the place of what is not as expected. */
export class JsonReader {
  readonly #value: unknown
  readonly #path: string

  private constructor(value: unknown, path: string) {
    this.#value = value
    this.#path = path
  }

  /**
   * Begins to read an object that has a version.
   *
   * @throws WireGuardError `EINVAL` when it is no object, or of another version
   */
  static of(value: unknown, version: number): JsonReader {
    const reader = new JsonReader(value, '')
    const found = reader.get('version').#value
    if (found === version) return reader
    const shown = typeof found === 'number' ? String(found) : quote(found)
    throw invalid(`expected version ${version} of this JSON form, got ${shown}`, {
      path: 'version',
      hint: 'A newer release may have written it: update this library',
    })
  }

  /** The value of a property. @throws WireGuardError `EINVAL` when this is no object */
  get(name: string): JsonReader {
    const object = this.#object()
    const value: unknown = Object.hasOwn(object, name) ? object[name] : undefined
    return new JsonReader(value, this.#path === '' ? name : `${this.#path}.${name}`)
  }

  /** The properties. @throws WireGuardError `EINVAL` when this is no object */
  entries(): [name: string, reader: JsonReader][] {
    return Object.entries(this.#object()).map(([name, value], i) => {
      // A name may be anything, a public key for example, which errors do not show.
      const step = /^[A-Za-z_][A-Za-z0-9_]{0,14}$/.test(name) ? `.${name}` : `[${i}]`
      return [name, new JsonReader(value, `${this.#path}${step}`)]
    })
  }

  /** The entries of a list. @throws WireGuardError `EINVAL` when this is no list */
  list(): JsonReader[] {
    if (!Array.isArray(this.#value)) throw this.#expected('a list')
    const elements = elementsOf<unknown>(this.#value, MOST_ALLOWED_IPS, this.#path)
    return Array.from(elements, ([path, value]) => new JsonReader(value, path))
  }

  /** @throws WireGuardError `EINVAL` */
  text(): string {
    if (typeof this.#value !== 'string') throw this.#expected('a string')
    return this.#value
  }

  /** @throws WireGuardError `EINVAL` */
  number(): number {
    if (typeof this.#value !== 'number' || !Number.isFinite(this.#value)) {
      throw this.#expected('a number')
    }
    return this.#value
  }

  /** A number that is not negative. @throws WireGuardError `EINVAL` */
  count(max = Number.POSITIVE_INFINITY): number {
    const value = this.number()
    if (!Number.isInteger(value) || value < 0 || value > max) {
      const upTo = max === Number.POSITIVE_INFINITY ? '' : ` to ${max}`
      throw this.#expected(`an integer from 0${upTo}`)
    }
    return value
  }

  /** Returns undefined for `null`, and else what `read` returns. */
  orNull<T>(read: (reader: JsonReader) => T): T | undefined {
    return this.#value === null ? undefined : read(this)
  }

  /** Reads text with a parser of the model, and adds the path to its error. */
  parsed<T>(parse: (text: string) => T): T {
    const text = this.text()
    return atPath(this.#path, () => parse(text))
  }

  /** The error for a value that is not as expected. */
  #expected(what: string): WireGuardError {
    const value = this.#value
    const shown = typeof value === 'number' ? String(value) : quote(value)
    return invalid(`expected ${what}, got ${value === undefined ? 'nothing' : shown}`, {
      path: this.#path,
    })
  }

  #object(): Readonly<Record<string, unknown>> {
    if (!isRecord(this.#value)) throw this.#expected('an object')
    return this.#value
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
