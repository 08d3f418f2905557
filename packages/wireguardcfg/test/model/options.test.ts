import { describe, expect, it } from '@jest/globals'
import { checkOptions, nearestName, type OptionTable } from '../../src/model/options.js'

const NAMES = ['signal', 'idleTimeout', 'netns', 'retries', 'onRetry', 'backends', 'up', 'mtu']

describe('the nearest name', () => {
  it.each([
    ['netNs', 'netns'],
    ['idle_timeout', 'idleTimeout'],
    ['idletimout', 'idleTimeout'],
    ['timeout', 'idleTimeout'],
    ['sginal', 'signal'],
    ['retry', 'retries'],
    ['onretry', 'onRetry'],
    ['backend', 'backends'],
    ['UP', 'up'],
    ['mtuu', 'mtu'],
  ])('to %s is %s', (name, expected) => {
    expect(nearestName(name, NAMES)).toBe(expected)
  })

  it.each(['', 'x', 'xy', 'color', 'a'.repeat(10_000)])('to %j is none', (name) => {
    expect(nearestName(name, NAMES)).toBeUndefined()
  })
})

describe('options', () => {
  interface Options {
    readonly up?: boolean
    readonly mode?: 'a' | 'b'
  }
  const table: OptionTable<Options> = { up: 'boolean', mode: ['a', 'b'] }
  const context = { operation: 'test', device: 'wg0' }

  it('may be absent, or have absent values', () => {
    for (const options of [undefined, {}, { up: undefined }, { up: true, mode: 'b' }]) {
      expect(() => checkOptions(options, table, context)).not.toThrow()
    }
  })

  it('are named after their place', () => {
    expect(() => checkOptions({ mode: 'c' }, table, { ...context, path: 'peers[3].' })).toThrow(
      'test "wg0": peers[3].mode: expected "a" or "b"',
    )
  })

  it('that nobody meant lists what is known', () => {
    expect(() => checkOptions({ color: 1 }, table, context)).toThrow(
      'test "wg0": color: unknown option; expected up or mode',
    )
  })

  it('are not taken from names of every object', () => {
    for (const name of ['toString', 'constructor', '__proto__']) {
      const options = Object.defineProperty({}, name, { value: 1, enumerable: true })
      expect(() => checkOptions(options, table, context)).toThrow('unknown option')
    }
  })
})
