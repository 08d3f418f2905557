import { describe, expect, it } from '@jest/globals'
import { isConnected } from '../../src/state/connected.js'
import { thrown } from '../model/faults.js'

const NOW = Date.UTC(2026, 10, 25)

describe('isConnected', () => {
  it.each([
    ['never', undefined, false],
    ['now', 0, true],
    ['at the end of the session', 180_000, true],
    ['at the end of the grace', 195_000, true],
    ['a millisecond later', 195_001, false],
    ['in the future', -3_600_000, true],
  ])('after a handshake %s', (_, age, connected) => {
    const lastHandshake = age === undefined ? undefined : new Date(NOW - age)
    expect(isConnected({ lastHandshake }, { now: NOW })).toBe(connected)
  })

  it('takes other limits', () => {
    const lastHandshake = new Date(NOW - 1000)
    expect(isConnected({ lastHandshake }, { now: NOW, connectedFor: 1000, grace: 0 })).toBe(true)
    expect(isConnected({ lastHandshake }, { now: NOW, connectedFor: 999, grace: 0 })).toBe(false)
  })

  it('compares with the clock by default', () => {
    expect(isConnected({ lastHandshake: new Date() })).toBe(true)
    expect(isConnected({ lastHandshake: new Date(0) })).toBe(false)
  })

  it.each([
    ['now', { now: Number.NaN }],
    ['connectedFor', { connectedFor: -1 }],
    ['grace', { grace: '5' as never }],
  ])('refuses %s that is no number of milliseconds', (path, options) => {
    const error = thrown(() => isConnected({ lastHandshake: undefined }, options))
    expect(error).toMatchObject({ code: 'EINVAL', path })
  })
})
