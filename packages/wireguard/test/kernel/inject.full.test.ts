import { expect, it } from '@jest/globals'
import { release } from 'node:os'
import { describeWith, hasKernelWireGuard, hasStrace } from '../../../../test-fixtures/require.js'
import { crashIn } from '../inject/crash.js'
import { injectInto } from '../inject/real.js'
import { Report } from '../inject/report.js'

const KERNEL = process.env['WIREGUARD_TEST_VM'] ?? release()
const CALLS = ['createDevice', 'configureDevice', 'removeManyAllowedIPs', 'deleteDevice', 'setLink']
const CRASHES = ['createDevice', 'configureDevice', 'removeManyAllowedIPs']
const MINUTES = 30 * 60_000

describeWith(
  [hasKernelWireGuard, hasStrace],
  'each system call of calls to the kernel fails',
  () => {
    const report = new Report(`kernel ${KERNEL}`)

    it.each(CALLS)(
      '%s',
      async (operation) => {
        await injectInto(operation, 'kernel', report, { every: 1, faults: 'one' })
        expect(report.foundIn(operation)).toStrictEqual([])
      },
      MINUTES,
    )

    it('fails at no fewer points than before, and shows every known fault', () => {
      expect(report.fallen(CALLS)).toStrictEqual([])
      expect(report.mended).toStrictEqual([])
    })
  },
)

describeWith([hasKernelWireGuard, hasStrace], 'a process ends in a call to the kernel', () => {
  const report = new Report(`kernel ${KERNEL}, crashes`)

  it.each(CRASHES)(
    '%s, by SIGKILL at every message',
    async (operation) => {
      await crashIn(operation, 'kernel', report, {
        signals: ['SIGKILL'],
        only: /NETLINK/,
      })
      expect(report.foundIn(operation)).toStrictEqual([])
    },
    MINUTES,
  )

  it('ends at no fewer points than before, and shows every known fault', () => {
    expect(report.fallen(CRASHES)).toStrictEqual([])
    expect(report.mended).toStrictEqual([])
  })
})
