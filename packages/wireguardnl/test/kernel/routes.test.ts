import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { describeFirewall } from '../support/describe-firewall.js'
import { describeRoutes } from '../support/describe-routes.js'
import { hasNft } from '../support/requirements.js'

describeWith(hasKernelWireGuard, 'with the kernel that has WireGuard', describeRoutes)
describeWith([hasKernelWireGuard, hasNft], 'with the kernel that has WireGuard', describeFirewall)
