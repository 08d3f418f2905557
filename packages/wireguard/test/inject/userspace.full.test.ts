import { expect, it } from '@jest/globals'
import { describeWith, hasStrace, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { OPERATIONS } from './operations.mjs'
import { injectInto } from './real.js'
import { Report } from './report.js'

const ALL = Object.keys(OPERATIONS)
const MINUTES = 20 * 60_000

describeWith(
  [hasWireGuardGo, hasStrace],
  'each system call of each call to wireguard-go fails',
  () => {
    const report = new Report('wireguard-go, everything')

    it.each(ALL)(
      '%s',
      async (operation) => {
        await injectInto(operation, 'userspace', report, { every: 1, faults: 'all' })
        expect(report.foundIn(operation)).toStrictEqual([])
      },
      MINUTES,
    )

    it('fails at no fewer points than before, and shows every known fault', () => {
      expect(report.fallen(ALL)).toStrictEqual([])
      expect(report.mended).toStrictEqual([])
    })
  },
)
