import { expect, it } from '@jest/globals'
import { tunnelMtu } from '../../../src/up/plan/mtu.js'

it.each([
  [[], false, 1420],
  [[1500, 1400], false, 1320],
  [[1300], false, 1220],
  [[1300], true, 1280],
  [[576], true, 1280],
  [[65_536], false, 65_455],
  [[60], false, 1],
] as const)('routes of %j bytes, IPv6 %s: %i', (paths, hasIPv6, mtu) => {
  expect(tunnelMtu(paths, hasIPv6)).toBe(mtu)
})
