import type { Terminal } from './terminal.js'

/** Formats the time since `then` in whole seconds: `1 minute, 2 seconds ago`. */
export function formatAgo(then: Date, nowSeconds: number, terminal: Terminal): string {
  const seconds = nowSeconds - Math.floor(then.getTime() / 1000)
  if (seconds === 0) return 'Now'
  if (seconds > 0) return `${formatInterval(seconds, terminal)} ago`
  return `(${terminal.alarm('System clock wound backward; connection problems may ensue.')})`
}

/**
 * Formats a number of seconds in years (of 365 days), days, hours, minutes and seconds. Units with
 * a count of zero are left out.
 */
export function formatInterval(seconds: number, { unit }: Terminal): string {
  const parts: string[] = []
  let rest = seconds
  for (const [name, length] of INTERVALS) {
    const count = Math.floor(rest / length)
    rest %= length
    if (count > 0) parts.push(`${count} ${unit(count === 1 ? name : `${name}s`)}`)
  }
  return parts.join(', ')
}

/** Formats a number of bytes in B, KiB, MiB, GiB or TiB. */
export function formatBytes(bytes: number, { unit }: Terminal): string {
  if (bytes < 1024) return `${bytes} ${unit('B')}`
  let value = bytes / 1024
  let i = 0
  // Divisions by powers of two are exact, so their order does not matter.
  for (; value >= 1024 && i < UNITS.length - 1; i++) value /= 1024
  return `${roundToEven(value)} ${unit(UNITS[i]!)}`
}

const INTERVALS = [
  ['year', 365 * 24 * 60 * 60],
  ['day', 24 * 60 * 60],
  ['hour', 60 * 60],
  ['minute', 60],
  ['second', 1],
] as const

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB']

/**
 * Formats two decimals as printf(3) does, which rounds halves (here: eighths) to the even digit.
 * `toFixed` rounds them up.
 */
function roundToEven(value: number): string {
  const isEvenBelow = (value * 8) % 4 === 1
  return (isEvenBelow ? value - 0.005 : value).toFixed(2)
}
