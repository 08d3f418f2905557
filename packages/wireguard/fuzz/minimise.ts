import { encodeInput } from './encoding.js'
import type { Value } from './target.js'

/** The most candidates that are tried. */
const MOST_TRIES = 1500

/**
 * Returns a smaller input that still fails: parts of lists, texts and bytes are left out, and what
 * is left becomes plainer.
 *
 * @param fails whether a candidate fails in the same way
 */
export async function minimise(
  input: Value,
  fails: (candidate: Value) => Promise<boolean>,
  isOver: () => boolean,
): Promise<Value> {
  let smallest = input
  let tries = 0
  for (let found = true; found;) {
    found = false
    for (const candidate of candidates(smallest)) {
      if (++tries > MOST_TRIES || isOver()) return smallest
      if (!isSmaller(candidate, smallest) || !(await fails(candidate))) continue
      smallest = candidate
      found = true
      break
    }
  }
  return smallest
}

function isSmaller(candidate: Value, smallest: Value): boolean {
  const [ours, theirs] = [encodeInput(candidate), encodeInput(smallest)]
  return ours.length < theirs.length || (ours.length === theirs.length && ours < theirs)
}

function* candidates(value: Value): Generator<Value, void, undefined> {
  if (typeof value === 'string' || value instanceof Uint8Array) {
    for (const [at, end] of stretches(value.length)) {
      if (typeof value === 'string') yield value.slice(0, at) + value.slice(end)
      else yield Uint8Array.from([...value.subarray(0, at), ...value.subarray(end)])
    }
    if (value.length > 300) return
    for (let at = 0; at < value.length; at++) {
      if (typeof value === 'string') yield `${value.slice(0, at)}0${value.slice(at + 1)}`
      else yield value.with(at, 0)
    }
  } else if (typeof value === 'number') yield* [0, 1, Math.trunc(value / 2)]
  else if (value === true) yield false
  else if (Array.isArray(value)) {
    for (const [at, end] of stretches(value.length)) yield value.toSpliced(at, end - at)
    for (const [at, inner] of value.entries()) {
      for (const candidate of candidates(inner as Value)) yield value.with(at, candidate)
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value as { readonly [name: string]: Value })) {
      for (const candidate of candidates(inner))
        yield Object.assign({}, value, { [name]: candidate })
    }
  }
}

/** Long stretches first: half, a quarter ... down to one element. */
function* stretches(length: number): Generator<[number, number], void, undefined> {
  for (let size = length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < length; at += size) yield [at, Math.min(length, at + size)]
  }
}
