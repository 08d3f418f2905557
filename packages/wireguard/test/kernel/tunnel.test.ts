import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { describeTunnel } from '../support/describe-tunnel.js'
import { hasPing } from '../support/example.js'

describeWith([hasKernelWireGuard, hasPing], 'a tunnel of the kernel', () => {
  describeTunnel('kernel')
})
