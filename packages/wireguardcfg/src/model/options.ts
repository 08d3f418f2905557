import type { CallOptions } from './backend.js'
import { invalid, type WireGuardErrorInit } from './errors.js'
import { MOST_ALLOWED_IPS } from './limits.js'

/**
 * What an option takes: a kind of value, or one of a list of values. `checked later`: the function
 * that uses it checks it.
 */
export type OptionKind =
  | 'checked later'
  | 'boolean'
  | 'function'
  | 'list'
  | 'signal'
  | 'text'
  | readonly (string | number | null)[]

/** What each option of a call takes. Because of the type, no option can be missing. */
export type OptionTable<T> = { readonly [Name in keyof T]-?: OptionKind }

/** The options of every call to a device. */
export const CALL_OPTIONS = {
  signal: 'signal',
  idleTimeout: 'checked later',
  timeout: 'checked later',
} as const satisfies OptionTable<CallOptions>

/**
 * Checks the options of a call: each name, and the kind of each value. `undefined` counts as
 * absent. Every function with options calls it before anything else.
 *
 * @param table what the options take
 * @param context of the error; its `path` is the text before the name of an option: `peers[3].`
 * @throws WireGuardError `EINVAL` with the `path` of the option
 * @example
 * ```ts
 * checkOptions({ signl }, CALL_OPTIONS, { operation: 'read device' }) // did you mean 'signal'?
 * ```
 */
export function checkOptions(
  options: unknown,
  table: Readonly<Record<string, OptionKind>>,
  context: Omit<WireGuardErrorInit, 'code'> = {},
): void {
  if (options === undefined) return
  const { path: at = '', ...place } = context
  const refuse = (summary: string, path?: string): never => {
    throw invalid(summary, { ...place, path: path === undefined ? undefined : at + path })
  }
  // A signal, a function or a promise has no names of its own that could be wrong.
  const kind = Object.prototype.toString.call(options)
  if (kind !== '[object Object]' || typeof options !== 'object' || options === null) {
    return refuse(`expected an object with options${WRONG_KINDS[kind] ?? ''}`)
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(table, name)) {
      refuse(`unknown option; ${suggestion(name, Object.keys(table))}`, pathOf(name))
    }
  }
  for (const name in table) {
    const value: unknown = Reflect.get(options, name)
    const expected = fault(value, table[name]!)
    if (expected !== undefined) refuse(`expected ${expected}`, name)
  }
}

/** What to say about other objects than options. */
const WRONG_KINDS: Readonly<Record<string, string>> = {
  '[object AbortSignal]': '; pass { signal }',
  '[object AbortController]': '; pass its signal, { signal }',
  '[object Promise]': '; await the promise first',
}

/** Returns what is expected instead of a value; undefined if it is right, or absent. */
function fault(value: unknown, kind: OptionKind): string | undefined {
  if (value === undefined || kind === 'checked later') return undefined
  if (typeof kind === 'object') {
    return kind.some((one) => one === value) ? undefined : inWords(kind, JSON.stringify)
  }
  return KINDS[kind].has(value) ? undefined : KINDS[kind].expected
}

interface Kind {
  readonly expected: string
  readonly has: (value: unknown) => boolean
}

const KINDS = {
  boolean: { expected: 'true or false', has: (value) => typeof value === 'boolean' },
  function: { expected: 'a function', has: (value) => typeof value === 'function' },
  // An array of a few bytes can have a length of 2^32 - 1, and going through it takes minutes.
  list: {
    expected: `an array of at most ${MOST_ALLOWED_IPS} elements`,
    has: (value) => Array.isArray(value) && value.length <= MOST_ALLOWED_IPS,
  },
  // Not by `instanceof`: the signal may come from another realm or from a polyfill.
  signal: {
    expected: 'an AbortSignal',
    has: (value) =>
      typeof value === 'object' &&
      value !== null &&
      'aborted' in value &&
      'addEventListener' in value &&
      typeof value.addEventListener === 'function',
  },
  text: { expected: 'a string', has: (value) => typeof value === 'string' },
} as const satisfies Readonly<Record<string, Kind>>

// Long enough for every option, and shorter than a secret pasted into the wrong place.
const OPTION_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,31}$/

function pathOf(name: string): string {
  return OPTION_NAME.test(name) ? name : 'an option'
}

function suggestion(name: string, known: readonly string[]): string {
  const meant = nearestName(name, known)
  return meant === undefined ? `expected ${inWords(known, String)}` : `did you mean '${meant}'?`
}

function inWords<T>(items: readonly T[], format: (item: T) => string): string {
  const texts = items.map((item) => format(item))
  const last = texts.pop() ?? 'none'
  return texts.length === 0 ? last : `${texts.join(', ')} or ${last}`
}

/**
 * Returns the name that was probably meant by a misspelt one: written differently, with up to two
 * wrong letters, with another end, or a part of it. Returns undefined if none is near.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const given = lettersOf(name)
  let nearest: string | undefined
  let best = Infinity
  for (const candidate of known) {
    const distance = distanceOf(given, lettersOf(candidate))
    if (distance >= best) continue
    best = distance
    nearest = candidate
  }
  return nearest
}

function lettersOf(name: string): string {
  return name
    .slice(0, 64)
    .toLowerCase()
    .replaceAll(/[^a-z]/g, '')
}

/** How far two names are apart; `Infinity`: nobody would take one for the other. */
function distanceOf(given: string, known: string): number {
  if (given === known) return 0
  if (given.length < 3) return Infinity
  const edits = editDistance(given, known)
  let prefix = 0
  while (prefix < given.length && given[prefix] === known[prefix]) prefix++
  // `retry` means `retries` rather than `onRetry`.
  if (prefix >= 4 && edits <= 4) return edits / 2
  if (edits <= 2 && edits < given.length / 2) return edits
  return given.length >= 4 && known.includes(given) ? 3 : Infinity
}

/** The number of letters to insert, remove or change (Levenshtein). */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 0; i < a.length; i++) {
    const row = [i + 1]
    for (let j = 0; j < b.length; j++) {
      row.push(Math.min(above[j + 1]! + 1, row[j]! + 1, above[j]! + (a[i] === b[j] ? 0 : 1)))
    }
    above = row
  }
  return above[b.length]!
}
