import { statistics } from './measure.mjs'

/**
 * The statistics of a case and whether it reached its aim.
 *
 * @param {Pick<import('./case.d.ts').Case, 'name' | 'title' | 'aim'>} description
 * @param {import('./case.d.ts').Measured} measured
 * @returns {import('./case.d.ts').Result}
 */
export function evaluate({ name, title, aim }, measured) {
  const ours = statistics(measured.ours)
  const reference = measured.reference && statistics(measured.reference)
  const result = compare(aim.by, ours.median, reference?.median)
  const reached = aim.atMost === undefined ? undefined : result <= aim.atMost
  return {
    name,
    title,
    aim,
    unit: measured.unit,
    ours,
    reference,
    result,
    reached,
    note: measured.note,
  }
}

/**
 * The report as a person reads it.
 *
 * @param {{ date: string, machine: Record<string, string | number | undefined>, results: readonly import('./case.d.ts').Result[] }} report
 */
export function formatTable({ date, machine, results }) {
  const rows = [
    ['case', 'ours (min/median/max)', 'reference', 'result', 'aim', ''],
    ...results.map((result) => row(result)),
  ]
  const widths = rows[0].map((_, i) => Math.max(...rows.map((cells) => cells[i].length)))
  const lines = rows.map((cells) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  )
  const footnotes = results.flatMap(({ name, title, skipped, failed, note }) => [
    `${name}: ${title}`,
    ...[skipped && `skipped: ${skipped}`, failed, note].filter(Boolean).map((text) => `  ${text}`),
  ])
  const versions = Object.entries(machine).map(
    ([name, value]) => `${name}: ${value ?? 'not installed'}`,
  )
  return [...lines, '', ...footnotes, '', date, ...versions].join('\n')
}

/**
 * @param {import('./case.d.ts').Aim['by']} by
 * @param {number} ours
 * @param {number | undefined} reference
 * @returns {number}
 */
function compare(by, ours, reference) {
  if (by === 'value') return ours
  if (reference === undefined) throw new Error('a ratio or a difference needs a reference')
  return by === 'ratio' ? ours / reference : ours - reference
}

/**
 * @param {import('./case.d.ts').Result} result
 * @returns {string[]}
 */
function row({ name, aim, unit, ours, reference, result, reached, skipped, failed }) {
  if (skipped) return [name, 'skipped', '', '', limit(aim, ''), '']
  if (failed) return [name, 'failed', '', '', limit(aim, ''), '']
  return [
    name,
    spread(ours, unit),
    reference ? spread(reference, unit) : '',
    aim.by === 'ratio' ? result.toFixed(2) : quantity(result, unit),
    limit(aim, unit),
    reached === undefined ? '' : reached ? 'pass' : 'miss',
  ]
}

function limit({ by, atMost }, unit) {
  if (atMost === undefined) return ''
  return by === 'ratio' ? `<= ${atMost.toFixed(2)}` : `<= ${atMost} ${unit}`.trim()
}

function spread({ min, median, max }, unit) {
  return `${number(min, unit)} / ${number(median, unit)} / ${number(max, unit)} ${unit}`
}

function quantity(value, unit) {
  return `${number(value, unit)} ${unit}`
}

function number(value, unit) {
  return value.toFixed(unit === 'ms' ? 1 : 0)
}
