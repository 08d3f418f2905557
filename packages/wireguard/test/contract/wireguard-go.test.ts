import { join } from 'node:path'
import { DEFAULT_SOCKET_DIRECTORY, UapiClient } from 'wireguardcfg'
import { describeWith, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { startWireGuardGo } from '../../../../test-fixtures/wireguard-go.js'
import { describeBackend } from './backend.js'
import { stallDaemon } from './stall.js'

describeWith(hasWireGuardGo, 'wireguard-go', () => {
  describeBackend(
    'a real wireguard-go',
    {
      kind: 'userspace',
      hasIndex: false,
      keepsPeerOrder: false,
      tellsZones: false,
      canStall: true,
      manyPeers: 3000,
      manyAllowedIPs: 20_000,
    },
    async () => {
      const daemon = await startWireGuardGo()
      const backend = new UapiClient()
      const path = join(DEFAULT_SOCKET_DIRECTORY, `${daemon.name}.sock`)
      return {
        backend,
        device: daemon.name,
        open: () => Promise.resolve(new UapiClient()),
        stall: () => stallDaemon(path, backend, daemon.name),
        [Symbol.asyncDispose]: async () => {
          await backend.close()
          await daemon.stop()
        },
      }
    },
  )
})
