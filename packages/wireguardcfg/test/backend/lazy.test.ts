import { describe, expect, it } from '@jest/globals'
import { Lazy } from '../../src/backend/lazy.js'
import { deferred } from '../../../../test-fixtures/deferred.js'

describe('a lazy value', () => {
  it('is made by the first call, once', async () => {
    let made = 0
    const lazy = new Lazy(() => Promise.resolve(++made))
    expect(made).toBe(0)
    expect([await lazy.get(), await lazy.get()]).toEqual([1, 1])
  })

  it('is made in one attempt for concurrent calls, which fail with it', async () => {
    const failure = deferred()
    let attempts = 0
    const lazy = new Lazy(async () => {
      attempts++
      await failure.promise
      throw new Error('EMFILE')
    })
    const calls = [lazy.get(), lazy.get()]
    failure.resolve()
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(attempts).toBe(1)
  })

  it('is made anew after a failure', async () => {
    let attempts = 0
    const lazy = new Lazy(() =>
      ++attempts < 3 ? Promise.reject(new Error('EMFILE')) : Promise.resolve('made'),
    )
    await expect(lazy.get()).rejects.toThrow('EMFILE')
    await expect(lazy.get()).rejects.toThrow('EMFILE')
    await expect(lazy.get()).resolves.toBe('made')
    await expect(lazy.get()).resolves.toBe('made')
    expect(attempts).toBe(3)
  })

  it('settles with nothing before the first call, and when it could not be made', async () => {
    const lazy = new Lazy(() => Promise.reject(new Error('EMFILE')))
    await expect(lazy.settled()).resolves.toBeUndefined()
    const failing = lazy.get()
    await expect(lazy.settled()).resolves.toBeUndefined()
    await expect(failing).rejects.toThrow('EMFILE')
  })
})
