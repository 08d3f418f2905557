import { escapeUnprintable } from 'wireguardcfg/internal'
import { BOLD, GREEN, RED, RESET } from '../terminal.js'
import { type Choice, SORTS } from './choice.js'
import { type Column, columnsFor, GAP, type PlacedColumn } from './columns.js'
import type { Row } from './live.js'
import { amount, cut } from './text.js'

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
  const green = isColoured ? GREEN : ''
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
  const red = isColoured && foot !== help(choice) ? RED : ''
  const body = lines
    .slice(0, Math.max(1, size.rows - 1))
    .map((text, i) => `${moveTo(i + 1)}${CLEAR_LINE}${text}`)
    .join('')
  const rest = `${moveTo(lines.length + 1)}${CLEAR_BELOW}`
  const last = `${moveTo(size.rows)}${CLEAR_LINE}${red}${cut(escapeUnprintable(foot), columns)}${RESET}`
  return HOME + body + (lines.length < size.rows ? rest : '') + last
}

/** Puts each cell at its place, with the gap before it, over what is too wide before it. */
function line(columns: readonly PlacedColumn[], textOf: (column: Column) => string): string {
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

const SORT_KEYS = `sort: ${Array.from(SORTS, ([name, { key }]) => `${key} ${name}`).join(' ')}`

/** Moves the cursor to the first column of a line; the first one is 1. */
function moveTo(row: number): string {
  return `\u001B[${row};1H`
}

const HOME = '\u001B[H'
const REVERSE = '\u001B[7m'
const CLEAR_LINE = '\u001B[2K'
const CLEAR_BELOW = '\u001B[J'
