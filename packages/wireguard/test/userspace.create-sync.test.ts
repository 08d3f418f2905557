import { describeWith, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { describeCreateSync } from './support/describe-create-sync.js'
import { hasPing } from './support/example.js'

describeWith(
  [hasWireGuardGo, hasPing],
  "createDevice of wireguard-go with ifExists: 'sync'",
  () => {
    describeCreateSync('userspace')
  },
)
