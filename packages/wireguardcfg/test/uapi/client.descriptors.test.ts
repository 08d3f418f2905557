import { pathToFileURL } from 'node:url'
import { resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { runCommand } from '../../../../test-fixtures/command.js'
import { temporaryDirectory } from '../../../../test-fixtures/directory.js'

const DIST = pathToFileURL(resolve(import.meta.dirname, '../../dist')).href

// A process of its own: what Node has loaded, and what it remembers, is part of the test.
const SCRIPT = (directory: string) => `
import { closeSync, openSync } from 'node:fs'
import { isWireGuardError, UapiClient } from '${DIST}/index.js'
import { UapiServer } from '${DIST}/server.js'
const directory = ${JSON.stringify(directory)}
const server = await UapiServer.listen({ name: 'wg0', directory })
const client = new UapiClient({ directory })
const calls = [
  () => client.device('wg0'),
  () => client.deviceNames(),
  () => client.configureDevice('wg0', { listenPort: 1234 }),
  () => client.configureDevice('wg0', { listenPort: 'x' }),
  () => client.peerBatches('wg0').next(),
]
const codeOf = (error) => (isWireGuardError(error) ? error.code : 'not ours: ' + error)
const results = async () => {
  const codes = []
  for (const call of calls) codes.push(await call().then(() => 'ok', codeOf))
  return codes.join(' ')
}
const open = []
try {
  for (;;) open.push(openSync('/dev/null'))
} catch {}
console.log(await results())
for (const descriptor of open) closeSync(descriptor)
console.log(await results())
await client.close()
await server.close()
`

describe('a process whose first calls come while it has no free descriptor', () => {
  it('gets EMFILE from them, and its later calls work', async () => {
    await using directory = await temporaryDirectory()
    const node = [process.execPath, '--input-type=module', '-e', SCRIPT(directory.path)]
    const { stdout, stderr } = await runCommand([
      'sh',
      '-c',
      'ulimit -n 100; exec "$@"',
      'sh',
      ...node,
    ])
    expect(stderr).toBe('')
    expect(stdout.split('\n')).toEqual([
      'EMFILE EMFILE EMFILE EINVAL EMFILE',
      'ok ok ok EINVAL ok',
      '',
    ])
  })
})
