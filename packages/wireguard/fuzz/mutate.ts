import type { Random } from './random.js'
import type { Value } from './target.js'

/** What mutations draw from. */
export interface Material {
  readonly random: Random
  readonly words: readonly string[]
  /** Another input, of which parts are taken over. */
  readonly other: Value
}

/** The greatest length of a text, of bytes and of a list after a mutation. */
const LONGEST = 20_000

/** Returns a changed copy of an input, of the same kinds in the same places. */
export function mutate(input: Value, material: Material): Value {
  let mutated = input
  for (let count = material.random.few(6); count > 0; count--) mutated = once(mutated, material)
  return mutated
}

function once(value: Value, material: Material): Value {
  const { random } = material
  if (typeof value === 'string') return mutateText(value, material)
  if (typeof value === 'number') return mutateNumber(value, random)
  if (typeof value === 'boolean') return !value
  if (value === null) return null
  if (value instanceof Uint8Array) return mutateBytes(value, material)
  if (isList(value)) {
    if (value.length === 0 || random.oneIn(3)) return mutateList(value, material)
    const at = random.below(value.length)
    return value.with(at, once(value[at]!, material))
  }
  const names = Object.keys(value)
  if (names.length === 0) return value
  const name = random.of(names)
  return { ...value, [name]: once(value[name]!, material) }
}

function mutateText(text: string, { random, words, other }: Material): string {
  const at = random.below(text.length + 1)
  const end = Math.min(text.length, at + random.few(random.oneIn(4) ? 400 : 12))
  const put = (what: string, until = at) => cut(text.slice(0, at) + what + text.slice(until))
  switch (random.below(9)) {
    case 0:
      return put('', end)
    case 6:
      return words.length === 0 ? text : random.of(words)
    case 1:
      return put(character(random))
    case 2:
      return put(character(random), at + 1)
    case 3:
      return put(text.slice(at, end).repeat(random.few(random.oneIn(20) ? 500 : 3)))
    case 4:
      return put(partOf(random.of(textsIn(other)), random))
    case 5: {
      const line = text.lastIndexOf('\n', at) + 1
      const next = text.indexOf('\n', at)
      return next < 0 ? put('\n') : cut(text.slice(0, next + 1) + text.slice(line))
    }
    default:
      return words.length === 0
        ? put(character(random))
        : put(random.of(words), random.oneIn(2) ? at : end)
  }
}

const ODD =
  '\0\t\n\v\f\r "#%+,-./0127:=@[\\]_`~\u007f\u0085\u00a0\u00df\u200b\u2028\u212a\ud800\ufeff'

function character(random: Random): string {
  return random.oneIn(3) ? String.fromCharCode(random.below(0x180)) : random.of(ODD.split(''))
}

function mutateNumber(value: number, random: Random): number {
  if (random.oneIn(2)) return value + random.below(9) - 4
  return random.of([0, 1, -1, 2, 7, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 53, 0.5])
}

function mutateBytes(bytes: Uint8Array, { random, words, other }: Material): Uint8Array {
  const at = random.below(bytes.length + 1)
  const end = Math.min(bytes.length, at + random.few(random.oneIn(4) ? 200 : 8))
  const put = (what: Uint8Array, until = at) =>
    Uint8Array.from([...bytes.subarray(0, at), ...what, ...bytes.subarray(until)]).subarray(
      0,
      LONGEST,
    )
  switch (random.below(9)) {
    case 0:
      return put(new Uint8Array(0), end)
    case 1:
      return put(Uint8Array.of(random.below(256)))
    case 2:
      return put(Uint8Array.of(random.below(256)), at + 1)
    case 3:
      return put(Uint8Array.of((bytes[at] ?? 0) ^ (1 << random.below(8))), at + 1)
    case 4: {
      // Lengths and types: small integers of two or four bytes, aligned.
      const aligned = at & ~1
      const copy = bytes.slice()
      const number = random.oneIn(3) ? random.below(2 ** 32) : random.below(300)
      for (let i = 0; i < random.of([2, 4]) && aligned + i < copy.length; i++) {
        copy[aligned + i] = (number >>> (8 * i)) & 255
      }
      return copy
    }
    case 5:
      return put(bytes.slice(at, end))
    case 6:
      return put(random.of(bytesIn(other)).slice(0, random.few(400)))
    case 7:
      return bytes.slice(0, at)
    default:
      return words.length === 0
        ? put(Uint8Array.of(0))
        : put(Buffer.from(random.of(words), 'latin1'), random.oneIn(2) ? at : end)
  }
}

function mutateList(list: readonly Value[], { random, other }: Material): readonly Value[] {
  const at = random.below(list.length + 1)
  const end = Math.min(list.length, at + random.few(4))
  switch (random.below(4)) {
    case 0:
      return list.toSpliced(at, end - at)
    case 1:
      return list.toSpliced(random.below(list.length + 1), 0, ...list.slice(at, end))
    case 2:
      return at < list.length
        ? list.toSpliced(at, 1).toSpliced(random.below(list.length), 0, list[at]!)
        : list
    default: {
      const like = listsIn(other).filter(
        (candidate) => list.length === 0 || kindOf(candidate[0]) === kindOf(list[0]),
      )
      // An empty list tells nothing about what it may hold.
      if (like.length === 0 || list.length === 0) return list
      return list.toSpliced(at, 0, ...random.of(like).slice(0, random.few(3))).slice(0, 200)
    }
  }
}

/** Two values of the same kind may take each other's place. */
function kindOf(value: Value | undefined): string {
  if (value === null || typeof value !== 'object') return typeof value
  if (value instanceof Uint8Array) return 'bytes'
  return isList(value) ? 'list' : Object.keys(value).toSorted().join()
}

function partOf(text: string, random: Random): string {
  const at = random.below(text.length + 1)
  return text.slice(at, at + random.few(200))
}

function cut(text: string): string {
  return text.slice(0, LONGEST)
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

function textsIn(value: Value): readonly string[] {
  const texts = [...every(value)].filter((one) => typeof one === 'string')
  return texts.length === 0 ? [''] : texts
}

function bytesIn(value: Value): readonly Uint8Array[] {
  const found = [...every(value)].filter((one) => one instanceof Uint8Array)
  return found.length === 0 ? [new Uint8Array(0)] : found
}

function listsIn(value: Value): readonly (readonly Value[])[] {
  return [...every(value)].filter((one) => isList(one)).filter(({ length }) => length > 0)
}

function* every(value: Value): Generator<Value, void, undefined> {
  yield value
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  for (const inner of Object.values(value)) yield* every(inner)
}
