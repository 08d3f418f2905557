// Userspace devices work where koffi is missing: with copies of the built packages.
import { expect, it } from '@jest/globals'
import { existsSync } from 'node:fs'
import { cp, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../../test-fixtures/command.js'
import { temporaryDirectory } from '../../../test-fixtures/directory.js'
import { describeWith, type Requirement } from '../../../test-fixtures/require.js'

const ROOT = join(import.meta.dirname, '../../..')
const isBuilt: Requirement = () =>
  process.platform === 'linux' && existsSync(join(ROOT, 'packages/wireguard/dist/index.js'))
    ? { ok: true }
    : { ok: false, reason: 'needs the built packages on Linux: npm run build' }

const SCRIPT = `
  import { WireGuard } from 'wireguard'
  import { UapiServer } from 'wireguard/server'
  const directory = process.argv[2]
  const server = await UapiServer.listen({ name: 'wg0', directory })
  const wg = await WireGuard.open({ socketDirectory: directory })
  const errors = []
  await wg.configureDevice('wg0', { listenPort: 5 })
  const devices = await wg.devices({ onError: (error) => errors.push(error) })
  const { kernel, create, sockets } = await wg.capabilities()
  const rejected = await wg.devices().catch((error) => error)
  console.log(JSON.stringify({
    port: (await wg.device('wg0')).listenPort,
    names: devices.map(({ name }) => name),
    errors: errors.map(({ code, hint }) => ({ code, hint })),
    rejected: { name: rejected.name, code: rejected.code, names: rejected.devices.map(({ name }) => name) },
    kernel, create, sockets,
  }))
  await wg.close()
  await server.close()
`

describeWith(isBuilt, 'without koffi', () => {
  it('userspace devices work, and the kernel is reported as unavailable', async () => {
    await using folder = await temporaryDirectory()
    const modules = join(folder.path, 'node_modules')
    for (const name of ['wireguardcfg', 'wireguardnl', 'wireguard']) {
      for (const part of ['dist', 'package.json']) {
        const from = join(ROOT, 'packages', name, part)
        await cp(from, join(modules, name, part), { recursive: true })
      }
    }
    await symlink(join(ROOT, 'node_modules/zod'), join(modules, 'zod'))
    const file = join(folder.path, 'script.mjs')
    await writeFile(file, SCRIPT)
    const { stdout, stderr } = await runCommand([process.execPath, file, folder.path])
    expect(stderr).toBe('')
    const hint = expect.stringContaining('npm install koffi')
    const no = { ok: false, reason: hint }
    expect(JSON.parse(stdout)).toEqual({
      port: 5,
      names: ['wg0'],
      errors: [{ code: 'EOPNOTSUPP', hint }],
      rejected: { name: 'WireGuardError', code: 'EOPNOTSUPP', names: ['wg0'] },
      kernel: no,
      create: no,
      sockets: { ok: true },
    })
  })
})
