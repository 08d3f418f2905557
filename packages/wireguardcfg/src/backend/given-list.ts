import { atPath, invalid } from '../model/errors.js'

/** A list that a caller gave, as it was at the time of the call. */
export interface GivenList {
  readonly length: number
  /** Returns an element. To be called once for each index, because a proxy is read then. */
  at(index: number): unknown
}

/**
 * Reads a list by index, holes included, without its iterator. The length is checked before
 * anything is copied.
 *
 * @throws WireGuardError `EINVAL` for anything but an array of at most `most` elements
 */
export function listOf(value: unknown, most: number): GivenList {
  const { list, length } = boundedList(value, most)
  // The caller may change the list later. This copies a million elements in a few milliseconds, but
  // a proxy only by asking it for each of them: that is left to the slices of the reader.
  const isPlain = !types().isProxy(list) && !(Symbol.isConcatSpreadable in list)
  const copy = isPlain ? NONE.concat(list) : list
  return { length, at: (index) => copy[index] }
}

const NONE: unknown[] = []
const types = () => process.getBuiltinModule('node:util').types

/**
 * Yields the elements of a list of objects, each with its place, such as `peers[3]`. An absent list
 * is empty.
 *
 * @throws WireGuardError `EINVAL` with the path of what is no list of at most `most` objects
 */
export function* objectsOf<T extends object>(
  value: readonly T[] | undefined,
  most: number,
  path: string,
): Generator<readonly [path: string, object: T], void> {
  for (const [at, one] of elementsOf(value, most, path)) {
    // The caller may have no type checker.
    if (typeof one !== 'object' || one === null) throw invalid('expected an object', { path: at })
    yield [at, one]
  }
}

/**
 * Yields the elements of a list, holes included, each with its place. An absent list is empty.
 *
 * @throws WireGuardError `EINVAL` with the path of what is no list of at most `most` elements
 */
export function* elementsOf<T>(
  value: readonly T[] | undefined,
  most: number,
  path: string,
): Generator<readonly [path: string, element: T], void> {
  if (value === undefined) return
  const { length } = atPath(path, () => boundedList(value, most))
  for (let i = 0; i < length; i++) yield [`${path}[${i}]`, value[i]!]
}

/** @throws WireGuardError `EINVAL` for anything but an array of at most `most` elements */
function boundedList(value: unknown, most: number) {
  if (!Array.isArray(value)) throw invalid('expected an array')
  const list: readonly unknown[] = value
  // The length of a proxy may be anything.
  const { length }: { readonly length: unknown } = list
  if (typeof length === 'number' && length >= 0 && length <= most) return { list, length }
  throw invalid(`expected at most ${most} elements`)
}
