import { describe, expect, it } from '@jest/globals'
import { choosePreference } from '../../../src/up/plan/preferences.js'

const rules = (...priorities: number[]) => priorities.map((priority) => ({ priority }))

describe('the preferences of a tunnel', () => {
  it('are the last pair, then the one below the lowest that is used', () => {
    expect(choosePreference(rules(0, 32_766, 32_767), [], undefined)).toBe(32_598)
    expect(choosePreference(rules(32_598, 32_599), [], undefined)).toBe(32_596)
    expect(choosePreference(rules(32_597), [], undefined)).toBe(32_594)
    expect(choosePreference(rules(), [32_100], undefined)).toBe(32_098)
    expect(choosePreference(rules(5, 31_799, 32_600), [], undefined)).toBe(32_598)
  })

  it('are a free pair above when there is none below', () => {
    expect(choosePreference(rules(31_800), [], undefined)).toBe(32_598)
    expect(choosePreference(rules(31_800, 32_599), [], undefined)).toBe(32_596)
  })

  it('are refused when all are used', () => {
    const all = rules(...Array.from({ length: 800 }, (_, i) => 31_800 + i))
    expect(() => choosePreference(all, [], undefined)).toThrow('31800 to 32599')
  })

  it('are those that the caller wants, if they are free', () => {
    expect(choosePreference(rules(100), [], 101)).toBe(101)
    expect(() => choosePreference(rules(102), [], 101)).toThrow('101 or 102')
    expect(() => choosePreference(rules(), [101], 101)).toThrow('101 or 102')
  })
})
