import { describeWith, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { describeWatch } from './support/describe-watch.js'
import { hasPing } from './support/example.js'

describeWith([hasWireGuardGo, hasPing], 'watch with wireguard-go', () => describeWatch('userspace'))
