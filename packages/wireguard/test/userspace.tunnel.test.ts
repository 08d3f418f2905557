import { describeWith, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { describeTunnel } from './support/describe-tunnel.js'
import { hasPing } from './support/example.js'

describeWith([hasWireGuardGo, hasPing], 'a tunnel of two wireguard-go', () => {
  describeTunnel('userspace')
})
