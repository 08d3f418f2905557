import { expect, it } from '@jest/globals'
import { describeWith, hasStrace, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { crashIn, SIGNALS } from './crash.js'
import { Report } from './report.js'

const WRITES = ['configureDevice', 'replaceDevice', 'removeManyAllowedIPs', 'deleteDevice']
const MINUTES = 20 * 60_000

describeWith(
  [hasWireGuardGo, hasStrace],
  'a process ends in the middle of a call to wireguard-go',
  () => {
    const report = new Report('wireguard-go, crashes')

    it(
      'createDevice, by every signal at every system call',
      async () => {
        await crashIn('createDevice', 'userspace', report, { signals: SIGNALS })
        expect(report.foundIn('createDevice')).toStrictEqual([])
      },
      MINUTES,
    )

    it.each(WRITES)(
      '%s, by SIGKILL at every system call',
      async (operation) => {
        await crashIn(operation, 'userspace', report, { signals: ['SIGKILL'] })
        expect(report.foundIn(operation)).toStrictEqual([])
      },
      MINUTES,
    )

    it('ends at no fewer points than before, and shows every known fault', () => {
      expect(report.fallen(['createDevice', ...WRITES])).toStrictEqual([])
      expect(report.mended).toStrictEqual([])
    })
  },
)
