import { escapeUnprintable } from 'wireguardcfg/internal'
import type { Choice, Sort } from './choice.js'
import type { Row } from './live.js'

/** The size of a terminal, in characters. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

/** What is on the screen. */
export interface ScreenContent {
  /** How many interfaces there are. */
  readonly devices: number
  /** All peers. */
  readonly all: readonly Row[]
  /** Those that are chosen, in their order. */
  readonly rows: readonly Row[]
  readonly choice: Choice
  readonly errors: readonly string[]
  /** The time of day, as text. */
  readonly clock: string
}

interface Column {
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

/** The lines that are no rows: the summary, the titles, the keys. */
const OTHER_LINES = 3

/** Returns how many rows of peers fit on a screen. */
export function pageOf({ rows }: Size): number {
  return Math.max(1, rows - OTHER_LINES)
}

/**
 * Returns what draws a screen. Each cell is put at its column, so that a name that is wider than
 * its characters (East Asian) moves nothing.
 *
 * @param isColoured without, only reversed and bold text
 */
export function drawScreen(content: ScreenContent, size: Size, isColoured: boolean): string {
  const { rows, choice, errors } = content
  const { columns } = size
  const shown = columnsFor(columns)
  const top = Math.min(choice.top, Math.max(0, rows.length - pageOf(size)))
  const green = isColoured ? '\u001B[32m' : ''
  const lines = [
    `${BOLD}${cut(summary(content), columns)}${RESET}`,
    `${REVERSE}${' '.repeat(columns)}${line(shown, (column) => title(column, choice))}${RESET}`,
    ...rows
      .slice(top, top + pageOf(size))
      .map(
        (row) =>
          `${row.isConnected ? green : ''}${line(shown, (column) => column.text(row))}${RESET}`,
      ),
  ]
  if (rows.length === 0) lines.push(cut(nothing(content), columns))
  const foot = errors.length > 0 && !choice.isTyping ? errors.join('; ') : help(choice)
  const red = isColoured && foot !== help(choice) ? '\u001B[31m' : ''
  const body = lines
    .slice(0, Math.max(1, size.rows - 1))
    .map((text, i) => `${moveTo(i + 1)}${CLEAR_LINE}${text}`)
    .join('')
  const rest = `${moveTo(lines.length + 1)}${CLEAR_BELOW}`
  const last = `${moveTo(size.rows)}${CLEAR_LINE}${red}${cut(escapeUnprintable(foot), columns)}${RESET}`
  return HOME + body + (lines.length < size.rows ? rest : '') + last
}

function columnsFor(width: number): readonly (Column & { readonly at: number })[] {
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

const GAP = 1

function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width, 0) + GAP * (columns.length - 1)
}

/** Puts each cell at its place, with the gap before it, over what is too wide before it. */
function line(
  columns: readonly (Column & { readonly at: number })[],
  textOf: (column: Column) => string,
): string {
  return columns
    .map((column) => {
      const text = cut(textOf(column), column.width)
      const cell = column.isRight === true ? text.padStart(column.width) : text.padEnd(column.width)
      return column.at === 1 ? `\r${cell}` : `\u001B[${column.at - GAP}G${' '.repeat(GAP)}${cell}`
    })
    .join('')
}

function title({ title: text, sort }: Column, choice: Choice): string {
  if (sort !== choice.sort) return text
  return `${text} ${choice.isReversed ? '^' : 'v'}`
}

function summary({ devices, all, clock, choice, rows }: ScreenContent): string {
  const connected = all.filter(({ isConnected }) => isConnected).length
  const received = all.reduce((sum, { receiveRate }) => sum + receiveRate, 0)
  const sent = all.reduce((sum, { transmitRate }) => sum + transmitRate, 0)
  const isPart = choice.filter !== '' || choice.onlyConnected
  return [
    `${connected} of ${count(all.length, 'peer')} connected`,
    ...(isPart ? [`${rows.length} shown`] : []),
    `received ${amount(received)}/s`,
    `sent ${amount(sent)}/s`,
    count(devices, 'interface'),
    clock,
  ].join('  ')
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

function nothing({ devices, all }: ScreenContent): string {
  if (devices === 0) return 'No interface.'
  return all.length === 0 ? 'No peer.' : 'No peer is chosen: Esc shows all.'
}

function help({ isTyping, filter, onlyConnected }: Choice): string {
  if (isTyping) return `filter: ${filter}_   Enter keeps it, Esc removes it`
  const all = filter === '' && !onlyConnected ? '' : '  Esc all'
  return `q quit  / filter  c connected${all}  v reverse  ${SORT_KEYS}`
}

const SORT_KEYS =
  'sort: i interface n name e endpoint h handshake r received/s t sent/s R received T sent'

/** Returns milliseconds as text of at most nine characters: `2m 5s`. */
function age(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  if (seconds < 60) return `${seconds}s`
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(seconds / unit))
  if (hours === 0) return `${minutes}m ${seconds % 60}s`
  if (days === 0) return `${hours}h ${minutes! % 60}m`
  return days! < 1000 ? `${days}d ${hours! % 24}h` : `${days}d`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Returns bytes as text of at most nine characters: `1023 KiB`, `1.2 MiB`. */
function amount(bytes: number): string {
  let value = bytes
  let i = 0
  while (value >= 999.5 && i < UNITS.length - 1) {
    value /= 1024
    i++
  }
  const digits = i === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${UNITS[i]!}`
}

/** Returns at most so many characters; `~` stands for those that are missing. */
function cut(text: string, width: number): string {
  if (text.length <= width) return text
  const characters = Array.from(text)
  if (characters.length <= width) return text
  return `${characters.slice(0, Math.max(0, width - 1)).join('')}~`
}

/** Moves the cursor to the first column of a line; the first one is 1. */
function moveTo(row: number): string {
  return `\u001B[${row};1H`
}

const HOME = '\u001B[H'
const BOLD = '\u001B[1m'
const REVERSE = '\u001B[7m'
const RESET = '\u001B[0m'
const CLEAR_LINE = '\u001B[2K'
const CLEAR_BELOW = '\u001B[J'
