import { describeWith, hasKernelWireGuard, hasWg } from '../../../../test-fixtures/require.js'
import { describeReload } from '../support/describe-reload.js'
import { describeReloadPackets } from '../support/describe-reload-packets.js'

describeWith([hasKernelWireGuard, hasWg], 'a tunnel of the kernel', () => {
  const titles = ['networks', 'a full one with a mark, a key and a port']
  describeReload('kernel', { titles, every: 7 })
  describeReloadPackets('kernel', { count: 600 })
})
