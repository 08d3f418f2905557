import { UapiClient } from 'wireguardcfg'
import { UapiServer } from 'wireguardcfg/server'
import { temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { describeBackend } from './backend.js'
import { stallDaemon } from './stall.js'

for (const allowedIPRemoval of [true, false]) {
  const kind = allowedIPRemoval ? 'that removes allowed IPs' : 'that cannot remove allowed IPs'
  describeBackend(
    `the in-process server, one ${kind}`,
    {
      kind: 'userspace',
      hasIndex: false,
      keepsPeerOrder: false,
      tellsZones: true,
      canStall: true,
      manyPeers: 3000,
      manyAllowedIPs: 20_000,
    },
    async () => {
      const temporary = await temporaryDirectory()
      const directory = temporary.path
      const server = await UapiServer.listen({ name: 'wg0', directory, allowedIPRemoval })
      const backend = new UapiClient({ directory })
      return {
        backend,
        device: 'wg0',
        open: () => Promise.resolve(new UapiClient({ directory })),
        stall: () => stallDaemon(server.path, backend, 'wg0'),
        [Symbol.asyncDispose]: async () => {
          await backend.close()
          await server.close()
          await temporary[Symbol.asyncDispose]()
        },
      }
    },
  )
}
