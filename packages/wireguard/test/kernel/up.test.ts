import { describeWith, hasKernelWireGuard, hasWg } from '../../../../test-fixtures/require.js'
import { describeUp, SOME } from '../support/describe-up.js'

describeWith([hasKernelWireGuard, hasWg], 'a tunnel of the kernel', () => {
  describeUp('kernel', { titles: SOME, every: 30 })
})
