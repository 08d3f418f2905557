// The first call of a process may come while it has no descriptor left to load code with. Node 20
// keeps the failure of an import() for the life of the process.
import { expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { UapiServer } from 'wireguardcfg/server'
import { runCommand } from '../../../test-fixtures/command.js'
import { temporaryDirectory } from '../../../test-fixtures/directory.js'
import { describeWith } from '../../../test-fixtures/require.js'
import { WireGuard } from '../src/index.js'
import { hasBin } from './cli/bin.js'

const LIMITED = 'ulimit -n 64; exec "$0" "$@"'
const PROGRAM = fileURLToPath(new URL('./support/first-call.mjs', import.meta.url))

describeWith(hasBin, 'a first call without descriptors', () => {
  const listed = spawnSync(process.execPath, [PROGRAM], { encoding: 'utf8' }).stdout
  const methods = JSON.parse(listed === '' ? '[]' : listed) as string[]

  it('is tried with every method', () => {
    const { prototype } = WireGuard
    expect(methods).toEqual(
      expect.arrayContaining(
        Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor'),
      ),
    )
  })

  it.each([
    ...methods.map((method) => [method, 0] as const),
    // Enough to load some of the code, and not the rest.
    ...['devices', 'link'].flatMap((method) => [[method, 1] as const, [method, 2] as const]),
  ])('fails as any call fails, and %s works later (%i left)', async (method, left) => {
    await using directory = await temporaryDirectory()
    await using server = await UapiServer.listen({ name: 'good', directory: directory.path })
    expect(server.name).toBe('good')
    const call = [process.execPath, PROGRAM, method, directory.path, String(left)]
    const { stdout, stderr } = await runCommand(['sh', '-c', LIMITED, ...call])
    expect(stderr).toBe('')
    const [first, second, third] = JSON.parse(stdout) as string[]
    expect(first).toMatch(NEVER_FAILS.has(method) ? /^ok$/ : /^(?:ok|E[A-Z]+)$/)
    expect(second).toBe(EXPECTED[method] ?? 'ok')
    expect(third).toBe(second)
  })
})

/** They say in their result what failed. */
const NEVER_FAILS: ReadonlySet<string> = new Set(['capabilities', 'close', 'resolveEndpoints'])

/** What is wrong with those calls that do not succeed. */
const EXPECTED: Readonly<Record<string, string>> = {
  addAddress: 'ENODEV',
  createDevice: 'EEXIST',
  createUserspaceDevice: 'EEXIST',
  deleteDevice: 'ENODEV',
  planFile: 'ENOENT',
  removeAddress: 'ENODEV',
  resumePeer: 'ENOENT',
  setLink: 'ENODEV',
  suspendPeer: 'ENOENT',
  up: 'EEXIST',
  reload: 'EOPNOTSUPP',
  reloadFile: 'ENOENT',
  upFile: 'ENOENT',
}
