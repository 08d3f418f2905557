import { UapiClient } from 'wireguardcfg'
import { UapiServer } from 'wireguardcfg/server'
import { temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { privateKeyOf } from '../../../../test-fixtures/sample.js'
import { describeBackend } from './backend.js'
import { stallDaemon } from './stall.js'

describeBackend(
  'the in-process server, as boringtun',
  {
    kind: 'userspace',
    hasIndex: false,
    keepsPeerOrder: true,
    tellsZones: true,
    tellsPrivateKey: false,
    ownKey: privateKeyOf(9),
    canStall: true,
    manyPeers: 300,
    manyAllowedIPs: 20_000,
  },
  async () => {
    const temporary = await temporaryDirectory()
    const directory = temporary.path
    const server = await UapiServer.listen({ name: 'wg0', directory, dialect: 'boringtun' })
    const backend = new UapiClient({ directory, allowSessionLoss: true })
    return {
      backend,
      device: 'wg0',
      open: () => Promise.resolve(new UapiClient({ directory, allowSessionLoss: true })),
      stall: () => stallDaemon(server.path, backend, 'wg0'),
      [Symbol.asyncDispose]: async () => {
        await backend.close()
        await server.close()
        await temporary[Symbol.asyncDispose]()
      },
    }
  },
)
