import { NetlinkClient } from 'wireguardnl'
import { runCommand } from '../../../../test-fixtures/command.js'
import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { describeBackend } from '../contract/backend.js'

const DEVICE = 'wgcontract'

describeWith(hasKernelWireGuard, 'the kernel', () => {
  describeBackend(
    'a real kernel',
    {
      kind: 'kernel',
      hasIndex: true,
      keepsPeerOrder: true,
      tellsZones: true,
      canStall: false,
      manyPeers: 1000,
      manyAllowedIPs: 5000,
    },
    async () => {
      await runCommand(['ip', 'link', 'add', DEVICE, 'type', 'wireguard'])
      const backend = new NetlinkClient()
      return {
        backend,
        device: DEVICE,
        open: () => Promise.resolve(new NetlinkClient()),
        [Symbol.asyncDispose]: async () => {
          await backend.close()
          await runCommand(['ip', 'link', 'del', DEVICE])
        },
      }
    },
    120_000,
  )
})
