import { describe, expect, it } from '@jest/globals'
import { uninterrupted } from '../src/uninterrupted.js'

const failure = (code: string) => Object.assign(new Error(code), { code })

describe('a step that a signal interrupts', () => {
  it('runs again until it ends', () => {
    const errors = [failure('EINTR'), failure('EINTR')]
    const step = () => {
      const error = errors.pop()
      if (error !== undefined) throw error
      return 'done'
    }
    expect(uninterrupted(step)).toBe('done')
  })

  it('does not run again after any other error', () => {
    let runs = 0
    const step = () => {
      runs += 1
      throw failure('EIO')
    }
    expect(() => uninterrupted(step)).toThrow('EIO')
    expect(runs).toBe(1)
  })
})
