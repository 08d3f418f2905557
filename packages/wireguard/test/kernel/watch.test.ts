import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { describeWatch } from '../support/describe-watch.js'

describeWith(hasKernelWireGuard, 'watch with the kernel', () => describeWatch('kernel'))
