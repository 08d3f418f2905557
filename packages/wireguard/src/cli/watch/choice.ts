import type { Row } from './live.js'

/** A way to sort rows, and the key that chooses it. */
interface Sorting {
  readonly key: string
  readonly compare: (a: Row, b: Row) => number
}

/** By what rows are sorted. */
export const SORTS = new Map<Sort, Sorting>([
  ['interface', { key: 'i', compare: byText(({ device }) => device) }],
  ['name', { key: 'n', compare: byText(({ name, publicKey }) => name ?? publicKey) }],
  ['endpoint', { key: 'e', compare: byText(({ endpoint }) => endpoint) }],
  // The newest is first. Who never had one is last: Infinity - Infinity is not a number.
  [
    'handshake',
    { key: 'h', compare: (a, b) => (a.handshakeAge ?? Infinity) - (b.handshakeAge ?? Infinity) },
  ],
  ['received/s', { key: 'r', compare: (a, b) => b.receiveRate - a.receiveRate }],
  ['sent/s', { key: 't', compare: (a, b) => b.transmitRate - a.transmitRate }],
  ['received', { key: 'R', compare: (a, b) => b.receiveBytes - a.receiveBytes }],
  ['sent', { key: 'T', compare: (a, b) => b.transmitBytes - a.transmitBytes }],
])

/** What rows can be sorted by. */
export type Sort =
  'interface' | 'name' | 'endpoint' | 'handshake' | 'received/s' | 'sent/s' | 'received' | 'sent'

/** What the user has chosen. */
export interface Choice {
  readonly sort: Sort
  readonly isReversed: boolean
  /** Only rows with this text in their name, key, endpoint or interface. */
  readonly filter: string
  /** Whether the filter is being typed. */
  readonly isTyping: boolean
  readonly onlyConnected: boolean
  /** The first row that is shown. */
  readonly top: number
}

/** What is chosen at first. */
export const INITIAL: Choice = {
  sort: 'interface',
  isReversed: false,
  filter: '',
  isTyping: false,
  onlyConnected: false,
  top: 0,
}

/** Returns the rows that are chosen, in their order. */
export function chosenRows(rows: readonly Row[], choice: Choice): Row[] {
  const { sort, isReversed, onlyConnected } = choice
  const filter = choice.filter.toLowerCase()
  const chosen = rows.filter(
    (row) =>
      (!onlyConnected || row.isConnected) &&
      (filter === '' ||
        [row.name ?? '', row.publicKey, row.endpoint, row.device].some((text) =>
          text.toLowerCase().includes(filter),
        )),
  )
  // Rows that are equal keep their places, so that the view is still.
  const comparisons = [sort, 'interface', 'name'] as const
  const compares = comparisons.flatMap((one) => SORTS.get(one)?.compare ?? [])
  const sorted = chosen.toSorted((a, b) => {
    for (const compare of compares) {
      const difference = compare(a, b) || 0
      if (difference !== 0) return difference
    }
    return compareText(a.publicKey, b.publicKey)
  })
  return isReversed ? sorted.toReversed() : sorted
}

function byText(textOf: (row: Row) => string): (a: Row, b: Row) => number {
  return (a, b) => compareText(textOf(a), textOf(b))
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** What a key makes of the choice. */
export type Effect = Choice | 'quit' | 'suspend' | 'redraw'

/**
 * Returns what a key does.
 *
 * @param key a character, or the sequence that a terminal sends for the key
 * @param page how many rows are shown
 */
export function press(key: string, choice: Choice, page: number): Effect {
  if (key === CONTROL_C) return 'quit'
  if (key === CONTROL_Z) return 'suspend'
  if (key === CONTROL_L) return 'redraw'
  if (choice.isTyping) return type(key, choice)
  if (key === 'q') return 'quit'
  const sort = [...SORTS].find(([, sorting]) => sorting.key === key)?.[0]
  if (sort !== undefined) return { ...choice, sort, top: 0 }
  switch (key) {
    case 'v':
      return { ...choice, isReversed: !choice.isReversed, top: 0 }
    case 'c':
      return { ...choice, onlyConnected: !choice.onlyConnected, top: 0 }
    case '/':
      return { ...choice, isTyping: true }
    case ESCAPE:
      return { ...choice, filter: '', onlyConnected: false, top: 0 }
    default:
      return scroll(key, choice, page)
  }
}

/** The filter, while it is typed. */
function type(key: string, choice: Choice): Choice {
  if (key === ENTER) return { ...choice, isTyping: false }
  if (key === ESCAPE) return { ...choice, isTyping: false, filter: '', top: 0 }
  if (key === '\u007F' || key === '\b') {
    return { ...choice, filter: Array.from(choice.filter).slice(0, -1).join(''), top: 0 }
  }
  const isText = /^\P{Control}+$/u.test(key)
  return isText ? { ...choice, filter: choice.filter + key, top: 0 } : choice
}

function scroll(key: string, choice: Choice, page: number): Choice {
  const { top } = choice
  switch (key) {
    case 'j':
    case `${ESCAPE}[B`:
      return { ...choice, top: top + 1 }
    case 'k':
    case `${ESCAPE}[A`:
      return { ...choice, top: Math.max(0, top - 1) }
    case ' ':
    case `${ESCAPE}[6~`:
      return { ...choice, top: top + page }
    case `${ESCAPE}[5~`:
      return { ...choice, top: Math.max(0, top - page) }
    case 'g':
    case `${ESCAPE}[H`:
    case `${ESCAPE}[1~`:
      return { ...choice, top: 0 }
    case 'G':
    case `${ESCAPE}[F`:
    case `${ESCAPE}[4~`:
      return { ...choice, top: Infinity }
    default:
      return choice
  }
}

const CONTROL_C = '\u0003'
const CONTROL_L = '\f'
const CONTROL_Z = '\u001A'
const ENTER = '\r'
const ESCAPE = '\u001B'

/** ESC [ parameters final, or ESC O final, as in ECMA-48; or any character. */
const KEY = new RegExp(`${ESCAPE}(?:\\[[0-?]*[ -/]*[@-~]|O[A-Z])|[^]`, 'gu')

/** Splits what a terminal sent into keys: characters, and sequences that begin with ESC. */
export function keysOf(text: string): string[] {
  return text.match(KEY) ?? []
}
