import { describe } from '@jest/globals'
import { join } from 'node:path'
import { DEFAULT_SOCKET_DIRECTORY, UapiClient } from 'wireguardcfg'
import { describeWith, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { NEWEST_WIREGUARD_GO, startWireGuardGo } from '../../../../test-fixtures/wireguard-go.js'
import { describeBackend } from './backend.js'
import { stallDaemon } from './stall.js'

describeWith(hasWireGuardGo, 'wireguard-go', () => {
  // The newer one tells zones, and removes single allowed IPs itself.
  describe('of Debian 12', () => {
    describeProgram('wireguard-go', false)
  })
  if (NEWEST_WIREGUARD_GO === undefined) return
  const program = NEWEST_WIREGUARD_GO
  describe("of Debian's development suite", () => {
    describeProgram(program, true)
  })
})

function describeProgram(program: string, tellsZones: boolean): void {
  describeBackend(
    'a real wireguard-go',
    {
      kind: 'userspace',
      hasIndex: false,
      keepsPeerOrder: false,
      tellsZones,
      canStall: true,
      manyPeers: 3000,
      manyAllowedIPs: 20_000,
    },
    async () => {
      const daemon = await startWireGuardGo({ program })
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
}
