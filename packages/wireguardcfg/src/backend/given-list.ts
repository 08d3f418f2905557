import { invalid } from '../model/errors.js'

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
  if (!Array.isArray(value)) throw invalid('expected an array')
  const list: readonly unknown[] = value
  // The length of a proxy may be anything.
  const { length }: { readonly length: unknown } = list
  if (typeof length !== 'number' || !(length >= 0 && length <= most)) {
    throw invalid(`expected at most ${most} elements`)
  }
  // The caller may change the list later. This copies a million elements in a few milliseconds, but
  // a proxy only by asking it for each of them: that is left to the slices of the reader.
  const isPlain = !types().isProxy(list) && !(Symbol.isConcatSpreadable in list)
  const copy = isPlain ? NONE.concat(list) : list
  return { length, at: (index) => copy[index] }
}

const NONE: unknown[] = []
const types = () => process.getBuiltinModule('node:util').types
