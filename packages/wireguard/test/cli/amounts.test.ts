import { describe, expect, it } from '@jest/globals'
import { formatAgo, formatBytes, formatInterval } from '../../src/cli/amounts.js'
import { terminal } from '../../src/cli/terminal.js'

const plain = terminal({ env: { WG_COLOR_MODE: 'never' }, stdout: process.stdout })

describe('formatBytes', () => {
  // The right column is what printf(3) of glibc prints.
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [1152, '1.12 KiB'],
    [1408, '1.38 KiB'],
    [1664, '1.62 KiB'],
    [1920, '1.88 KiB'],
    [1024 ** 2 - 1, '1024.00 KiB'],
    [1024 ** 2 * 1.5, '1.50 MiB'],
    [1024 ** 3, '1.00 GiB'],
    [1024 ** 4 * 2.625, '2.62 TiB'],
    [2 ** 60, '1048576.00 TiB'],
  ])('%d', (bytes, text) => {
    expect(formatBytes(bytes, plain)).toBe(text)
  })
})

describe('formatInterval', () => {
  it.each([
    [1, '1 second'],
    [59, '59 seconds'],
    [60, '1 minute'],
    [65_535, '18 hours, 12 minutes, 15 seconds'],
    [365 * 86_400 + 86_400 + 3661, '1 year, 1 day, 1 hour, 1 minute, 1 second'],
    [2 * 86_400, '2 days'],
  ])('%d', (seconds, text) => {
    expect(formatInterval(seconds, plain)).toBe(text)
  })
})

describe('formatAgo', () => {
  const NOW = 1_700_000_000
  it.each([
    ['this second', 999, 'Now'],
    ['a second before', -1, '1 second ago'],
    ['a minute before', -60_000, '1 minute ago'],
    ['in the future', 1000, '(System clock wound backward; connection problems may ensue.)'],
  ])('%s', (_, milliseconds, text) => {
    expect(formatAgo(new Date(NOW * 1000 + milliseconds), NOW, plain)).toBe(text)
  })
})
