import { expect, it } from '@jest/globals'
import { describeWith, hasStrace, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { injectInto } from './real.js'
import { Report } from './report.js'

const OPERATIONS = ['createDevice', 'configureDevice', 'deleteOwned']

describeWith([hasWireGuardGo, hasStrace], 'system calls of calls to wireguard-go fail', () => {
  const report = new Report('wireguard-go')

  it.each(OPERATIONS)(
    '%s',
    async (operation) => {
      // Of the creation, with its many files and processes, fewer points.
      const every = operation === 'createDevice' ? 12 : 4
      await injectInto(operation, 'userspace', report, { every, faults: 'one' })
      expect(report.foundIn(operation)).toStrictEqual([])
    },
    120_000,
  )

  it('fails at no fewer points than before', () => {
    expect(report.fallen(OPERATIONS)).toStrictEqual([])
  })
})
