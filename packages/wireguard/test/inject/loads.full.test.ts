import { expect, it } from '@jest/globals'
import { describeWith, hasStrace, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { injectInto } from './real.js'
import { Report } from './report.js'

const CALLS = ['deviceNames', 'configureDevice', 'syncDevice', 'setLink', 'createDevice']
const MINUTES = 20 * 60_000

describeWith([hasWireGuardGo, hasStrace], 'a file that the first call of a process reads', () => {
  const report = new Report('first calls')

  it.each(CALLS)(
    '%s fails once, and works at the next call',
    async (operation) => {
      await injectInto(operation, 'userspace', report, {
        every: 1,
        faults: 'one',
        first: true,
        only: /^(openat|read|readlink|statx|newfstatat|fstat|pread64) /,
      })
      expect(report.foundIn(operation)).toStrictEqual([])
    },
    MINUTES,
  )

  it('fails at no fewer points than before, and shows every known fault', () => {
    expect(report.fallen(CALLS)).toStrictEqual([])
    expect(report.mended).toStrictEqual([])
  })
})
