import { expect, it } from '@jest/globals'
import { nextTurn, sliceIsOver } from '../../src/backend/turns.js'

it('is over when work kept one turn for longer than 4 ms, and begins anew with the next', async () => {
  expect(sliceIsOver()).toBe(false)
  const begin = performance.now()
  while (performance.now() - begin < 5);
  expect(sliceIsOver()).toBe(true)
  await nextTurn()
  expect(sliceIsOver()).toBe(false)
})
