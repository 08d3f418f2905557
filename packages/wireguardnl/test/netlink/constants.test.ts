import { expect, it } from '@jest/globals'
import { align4 } from '../../src/netlink/constants.js'

it.each([
  [0, 0],
  [1, 4],
  [3, 4],
  [4, 4],
  [5, 8],
  [65535, 65536],
])('aligns %i to %i', (length, aligned) => {
  expect(align4(length)).toBe(aligned)
})
