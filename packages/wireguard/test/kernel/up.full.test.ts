import {
  describeWith,
  hasKernelWireGuard,
  hasStrace,
  hasWg,
} from '../../../../test-fixtures/require.js'
import { describeUpKilled } from '../support/describe-up-killed.js'
import { describeUpPackets } from '../support/describe-up-packets.js'
import { describeUp } from '../support/describe-up.js'

describeWith([hasKernelWireGuard, hasWg], 'all of a tunnel of the kernel', () => {
  describeUp('kernel')
  describeUpPackets('kernel')
})

describeWith([hasKernelWireGuard, hasStrace], 'an up on the kernel', () => {
  describeUpKilled('kernel', { every: 3 })
})
