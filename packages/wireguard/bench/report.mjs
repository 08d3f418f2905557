import { statistics } from './measure.mjs'

/**
 * Returns the statistics of a case, and whether it reached its aim.
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
  const stretched = aim.stretch === undefined ? undefined : result <= aim.stretch
  return {
    name,
    title,
    aim,
    unit: measured.unit,
    ours,
    reference,
    result,
    reached,
    stretched,
    note: measured.note,
  }
}

/**
 * Formats the report as a table.
 *
 * @param {{ date: string, machine: Record<string, string | number | undefined>, results: readonly
 * import('./case.d.ts').Result[] }} report
 */
export function formatTable({ date, machine, results }) {
  const rows = [
    ['case', 'ours (min/median/max)', 'reference', 'result', 'must', 'stretch', ''],
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
function row({ name, aim, unit, ours, reference, result, reached, stretched, skipped, failed }) {
  const limits = [limit(aim, aim.atMost, unit), limit(aim, aim.stretch, unit)]
  if (skipped) return [name, 'skipped', '', '', ...limits, '']
  if (failed) return [name, 'failed', '', '', ...limits, '']
  return [
    name,
    spread(ours, unit),
    reference ? spread(reference, unit) : '',
    aim.by === 'ratio' ? ratio(result) : quantity(result, unit),
    ...limits,
    reached === undefined ? '' : stretched ? 'pass, stretch' : reached ? 'pass' : 'miss',
  ]
}

function limit({ by }, most, unit) {
  if (most === undefined) return ''
  return by === 'ratio' ? `<= ${ratio(most)}` : `<= ${most} ${unit ?? ''}`.trim()
}

function ratio(value) {
  return value.toFixed(value < 0.1 ? 3 : 2)
}

function spread({ min, median, max }, unit) {
  return `${number(min, unit)} / ${number(median, unit)} / ${number(max, unit)} ${unit}`
}

function quantity(value, unit) {
  return `${number(value, unit)} ${unit}`
}

function number(value, unit) {
  return value.toFixed(unit === 'bytes' ? 0 : value < 1 ? 2 : 1)
}
