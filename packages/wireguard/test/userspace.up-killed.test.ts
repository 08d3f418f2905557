import { describeWith, hasStrace, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { describeUpKilled } from './support/describe-up-killed.js'

describeWith([hasWireGuardGo, hasStrace], 'an up on wireguard-go', () => {
  describeUpKilled('userspace', { every: 1 })
})
