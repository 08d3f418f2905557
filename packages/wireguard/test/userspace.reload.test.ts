import { describeWith, hasWg, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { describeReload } from './support/describe-reload.js'
import { describeReloadPackets } from './support/describe-reload-packets.js'

describeWith([hasWireGuardGo, hasWg], 'a tunnel on wireguard-go', () => {
  describeReload('userspace')
  describeReloadPackets('userspace', { count: 2000, every: 3 })
})
