import { escapeUnprintable } from 'wireguardcfg/internal'
import type { Sort } from './choice.js'
import type { Row } from './live.js'
import { age, amount } from './text.js'

/** A column of the view. */
export interface Column {
  readonly sort: Sort
  readonly title: string
  readonly width: number
  /** How wide it becomes when there is room; absent: no wider. */
  readonly most?: number
  readonly isRight?: boolean
  readonly text: (row: Row) => string
}

const PEER: Column = {
  sort: 'name',
  title: 'PEER',
  width: 8,
  // A key.
  most: 44,
  text: ({ name, publicKey }) => escapeUnprintable(name ?? publicKey),
}

/** All columns, in their order from left to right. */
const COLUMNS: readonly Column[] = [
  {
    sort: 'interface',
    title: 'INTERFACE',
    width: 11,
    // The longest name.
    most: 15,
    text: ({ device }) => escapeUnprintable(device),
  },
  PEER,
  {
    sort: 'endpoint',
    title: 'ENDPOINT',
    width: 21,
    // An IPv6 address and a port.
    most: 47,
    text: ({ endpoint }) => endpoint,
  },
  {
    sort: 'handshake',
    title: 'HANDSHAKE',
    width: 11,
    isRight: true,
    text: ({ handshakeAge }) => (handshakeAge === undefined ? 'never' : age(handshakeAge)),
  },
  {
    sort: 'received/s',
    title: 'RECEIVED/S',
    width: 12,
    isRight: true,
    text: ({ receiveRate }) => amount(receiveRate),
  },
  {
    sort: 'sent/s',
    title: 'SENT/S',
    width: 9,
    isRight: true,
    text: ({ transmitRate }) => amount(transmitRate),
  },
  {
    sort: 'received',
    title: 'RECEIVED',
    width: 10,
    isRight: true,
    text: ({ receiveBytes }) => amount(receiveBytes),
  },
  {
    sort: 'sent',
    title: 'SENT',
    width: 9,
    isRight: true,
    text: ({ transmitBytes }) => amount(transmitBytes),
  },
]

/** Which columns go first when the terminal is narrow. */
const DISPENSABLE: readonly Sort[] = [
  'sent',
  'received',
  'endpoint',
  'interface',
  'sent/s',
  'received/s',
  'handshake',
]

/** How much wider a peer is before another column is shown, but for the most important one. */
const COMFORT = 10

/** A column with its final width, and where it begins; the first place is 1. */
export interface PlacedColumn extends Column {
  readonly at: number
}

/** Returns the columns that fit, in their places. */
export function columnsFor(width: number): readonly PlacedColumn[] {
  let chosen = COLUMNS
  for (const sort of DISPENSABLE) {
    const comfort = sort === 'handshake' ? 0 : COMFORT
    if (widthOf(chosen) + comfort <= width) break
    chosen = chosen.filter((column) => column.sort !== sort)
  }
  let spare = width - widthOf(chosen)
  let at = 1
  // A terminal may be narrower than the last column that is left.
  return chosen.map((column) => {
    const { width: least, most = least } = column
    const own = Math.max(1, Math.min(least + Math.max(0, spare), most, width))
    spare -= own - least
    const placed = { ...column, width: own, at }
    at += own + GAP
    return placed
  })
}

/** Characters between two columns. */
export const GAP = 1

function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width, 0) + GAP * (columns.length - 1)
}
