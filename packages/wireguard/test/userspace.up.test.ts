import { describeWith, hasWg, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { describeUp } from './support/describe-up.js'
import { describeUpPackets } from './support/describe-up-packets.js'

describeWith([hasWireGuardGo, hasWg], 'a tunnel on wireguard-go', () => {
  describeUp('userspace')
  describeUpPackets('userspace')
})
