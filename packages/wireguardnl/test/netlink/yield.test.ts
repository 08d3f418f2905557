import { expect, it } from '@jest/globals'
import { nextTurn, sliceIsOver } from '../../src/netlink/yield.js'

it('is over when netlink kept one turn for longer than 4 ms, and begins anew with the next', async () => {
  expect(sliceIsOver()).toBe(false)
  const begin = performance.now()
  while (performance.now() - begin < 5);
  expect(sliceIsOver()).toBe(true)
  await nextTurn()
  expect(sliceIsOver()).toBe(false)
})
