// A test of CPU time, which other processes do not lengthen, and of nothing finer than a ratio.
import { describe, expect, it } from '@jest/globals'
import { GROWING, MOST_RATIO, ratioOf } from '../fuzz/growth.js'

describe('for eight times as much, the time is less than sixteen times as long', () => {
  it.each(GROWING)('$name', async ({ grow }) => {
    expect(await ratioOf(grow)).toBeLessThan(MOST_RATIO)
  })
})
