import { describeWith, hasKernelWireGuard, hasWg } from '../../../../test-fixtures/require.js'
import { describeReloadPackets } from '../support/describe-reload-packets.js'

describeWith([hasKernelWireGuard, hasWg], 'a tunnel of the kernel', () => {
  describeReloadPackets('kernel', { count: 300, every: 30, all: false })
})
