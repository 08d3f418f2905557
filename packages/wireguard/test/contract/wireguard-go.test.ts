import { UapiClient } from 'wireguardcfg'
import { describeWith, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { startWireGuardGo } from '../../../../test-fixtures/wireguard-go.js'
import { describeBackend } from './backend.js'

describeWith(hasWireGuardGo, 'wireguard-go', () => {
  describeBackend(
    'a real wireguard-go',
    {
      kind: 'userspace',
      hasIndex: false,
      keepsPeerOrder: false,
      tellsZones: false,
      manyPeers: 3000,
      manyAllowedIPs: 20_000,
    },
    async () => {
      const daemon = await startWireGuardGo()
      const backend = new UapiClient()
      return {
        backend,
        device: daemon.name,
        open: () => Promise.resolve(new UapiClient()),
        [Symbol.asyncDispose]: async () => {
          await backend.close()
          await daemon.stop()
        },
      }
    },
  )
})
