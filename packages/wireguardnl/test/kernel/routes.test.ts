import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { describeRoutes } from '../support/describe-routes.js'

describeWith(hasKernelWireGuard, 'with the kernel that has WireGuard', describeRoutes)
