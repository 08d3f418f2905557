import { afterAll, beforeAll, beforeEach } from '@jest/globals'
import { type Device, UapiClient } from 'wireguardcfg'
import { UapiServer } from 'wireguardcfg/server'
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test-fixtures/directory.js'
import type { CommandResult } from '../../../../test-fixtures/command.js'
import { replacement } from '../../src/sync/replacement.js'
import { runMain, type RunOptions } from './run-main.js'

/** A device called wg0, empty before each test, and the command that sees it alone. */
export interface CommandFixture {
  readonly directory: string
  readonly server: UapiServer
  readonly client: UapiClient
  run(argv: readonly string[], options?: RunOptions): Promise<CommandResult>
  /** The same with the arguments in one text, separated by spaces. */
  line(text: string): Promise<CommandResult>
  device(): Promise<Device>
}

/** For the top of a test file. What it gives is there once tests run. */
export function commandFixture(): CommandFixture {
  let temporary: TemporaryDirectory
  let directory: string
  let server: UapiServer
  let client: UapiClient
  beforeAll(async () => {
    temporary = await temporaryDirectory()
    directory = temporary.path
    server = await UapiServer.listen({ name: 'wg0', directory, peerOrder: 'insertion' })
    client = new UapiClient({ directory })
  })
  beforeEach(async () => {
    await client.configureDevice('wg0', replacement({}))
  })
  afterAll(async () => {
    await client.close()
    await server.close()
    await temporary[Symbol.asyncDispose]()
  })
  return {
    get directory() {
      return directory
    },
    get server() {
      return server
    },
    get client() {
      return client
    },
    run: (argv, options) => runMain(argv, { directory, ...options }),
    line: (text) => runMain(text.split(' '), { directory }),
    device: () => client.device('wg0'),
  }
}
