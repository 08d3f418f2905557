import { describe, expect, it } from '@jest/globals'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { UapiServer } from 'wireguardcfg/server'
import { temporaryDirectory } from './support/directory.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

// The built packages run, as users run them; `npm test` builds first.
describe('the examples', () => {
  it.each(['README.md', 'packages/wireguard/README.md', 'packages/wireguardcfg/README.md'])(
    'of %s run',
    async (file) => {
      await using directory = await temporaryDirectory()
      await using server = await UapiServer.listen({ name: 'wg0', directory: directory.path })
      const examples = await examplesOf(file)
      expect(examples.length).toBeGreaterThan(0)
      for (const example of examples) {
        // The one change: a device of this test, and not of this machine.
        const options = { socketDirectory: directory.path, backends: ['userspace'] }
        const code = example.replace(
          'WireGuard.open()',
          `WireGuard.open(${JSON.stringify(options)})`,
        )
        const { stdout, stderr } = await run(['--input-type=module', '--eval', code])
        expect(stderr).toBe('')
        expect(stdout).toMatch(/wg0|never/)
        expect(stdout).not.toContain(server.device().privateKey?.toBase64() ?? '?')
      }
    },
    30_000,
  )

  it('for npm start runs, and hides the secrets', async () => {
    const { stdout, stderr } = await run(['packages/wireguard/examples/embedded.mjs'])
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^interface wg0 \(userspace\)\n/)
    expect(stdout.match(/^peer /gm)).toHaveLength(3)
    expect(stdout.match(/(?:private|preshared) key +\(hidden\)$/gm)).toHaveLength(2)
  }, 30_000)
})

async function examplesOf(file: string): Promise<string[]> {
  const text = await readFile(new URL(`file://${root}${file}`), 'utf8')
  return [...text.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1]!)
}

async function run(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 25_000 })
}
