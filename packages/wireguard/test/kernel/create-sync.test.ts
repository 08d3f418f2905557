import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { describeCreateSync } from '../support/describe-create-sync.js'
import { hasPing } from '../support/example.js'

describeWith(
  [hasKernelWireGuard, hasPing],
  "createDevice of the kernel with ifExists: 'sync'",
  () => {
    describeCreateSync('kernel')
  },
)
