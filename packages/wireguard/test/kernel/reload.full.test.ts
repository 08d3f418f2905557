import { describeWith, hasKernelWireGuard, hasWg } from '../../../../test-fixtures/require.js'
import { describeReload } from '../support/describe-reload.js'
import { describeReloadPackets } from '../support/describe-reload-packets.js'

describeWith([hasKernelWireGuard, hasWg], 'reloads of a tunnel of the kernel', () => {
  describeReload('kernel')
  describeReloadPackets('kernel', { count: 2000, every: 30 })
})
