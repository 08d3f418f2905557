import { describe, expect, it } from '@jest/globals'
import { fakeTime } from '../../../../test-fixtures/fake-time.js'
import { turns, until, untilStill } from '../../../../test-fixtures/wait.js'

describe('until', () => {
  it('checks until the condition holds', async () => {
    let asked = 0
    await until(() => ++asked === 3, 'it was asked three times')
    expect(asked).toBe(3)
  })

  it('names the condition when its limit is over', async () => {
    const waiting = until(() => false, 'pigs fly', 1)
    await expect(waiting).rejects.toThrow('waited 1 ms in vain until pigs fly')
  })

  it('ends with an error of the condition', async () => {
    const waiting = until(() => Promise.reject(new Error('broken')), 'it works')
    await expect(waiting).rejects.toThrow('broken')
  })

  it('continues while the clock of the test is stopped', async () => {
    using time = fakeTime()
    let fired = false
    setInterval(() => (fired = true), 60_000)
    await expect(until(() => fired, 'a minute is over', 1)).rejects.toThrow('a minute')
    await time.advance(60_000)
    expect(fired).toBe(true)
  })
})

describe('untilStill', () => {
  it('waits until the value stops changing', async () => {
    let value = 0
    const changing = (async () => {
      for (; value < 20; value++) await turns(10)
    })()
    await untilStill(() => value)
    expect(value).toBe(20)
    await changing
  })
})
