// What happens where koffi cannot be loaded, or the process is out of descriptors: in processes of
// their own, with copies of the built packages.
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { existsSync } from 'node:fs'
import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../../test-fixtures/command.js'
import { type TemporaryDirectory, temporaryDirectory } from '../../../test-fixtures/directory.js'
import { describeWith, type Requirement } from '../../../test-fixtures/require.js'
import { isLinux } from './support/requirements.js'

const ROOT = join(import.meta.dirname, '../../..')
const isBuilt: Requirement = () =>
  existsSync(join(ROOT, 'packages/wireguardnl/dist/index.js'))
    ? { ok: true }
    : { ok: false, reason: 'needs the built packages: npm run build' }

/** The functions that the scripts below share. */
const SUPPORT = `
  import { symlinkSync, rmSync, openSync, closeSync } from 'node:fs'
  import { NetlinkClient, NetlinkLinks, kernelCapabilities, openNamespace, withinNamespace } from 'wireguardnl'
  const show = (error) => [error.name, error.code, error.operation ?? '', error.hint ?? ''].join(' ')
  const result = async (call) => { try { await call(); return 'ok' } catch (error) { return show(error) } }
  const client = new NetlinkClient(), links = new NetlinkLinks()
  const all = async () => ({
    names: await result(() => client.deviceNames()),
    device: await result(() => client.device('lo')),
    configure: await result(() => client.configureDevice('lo', {})),
    stream: await result(async () => { for await (const _ of client.peerBatches('lo')); }),
    link: await result(() => links.link('lo')),
    up: await result(() => links.setLink('nope', { up: true })),
    remove: await result(() => links.deleteLink('nope')),
    move: await result(() => links.moveLink('nope', process.pid)),
    namespace: await result(() => openNamespace(process.pid).close()),
    within: await result(() => { using_(openNamespace(process.pid)) }),
    capabilities: (await kernelCapabilities()).kernel.reason ?? 'ok',
  })
  const using_ = (namespace) => { try { withinNamespace(namespace, () => {}) } finally { namespace.close() } }
  const print = (value) => console.log(JSON.stringify(value))
`

describeWith([isLinux, isBuilt], 'wireguardnl', () => {
  let folder: TemporaryDirectory
  let modules: string
  beforeAll(async () => {
    folder = await temporaryDirectory()
    modules = join(folder.path, 'node_modules')
    for (const name of ['wireguardcfg', 'wireguardnl']) {
      for (const part of ['dist', 'package.json']) {
        const from = join(ROOT, 'packages', name, part)
        await cp(from, join(modules, name, part), { recursive: true })
      }
    }
  })
  afterAll(() => folder[Symbol.asyncDispose]())

  async function results(script: string): Promise<Record<string, string>[]> {
    const file = join(folder.path, 'script.mjs')
    await writeFile(file, SUPPORT + script)
    const { stdout, stderr } = await runCommand([process.execPath, file])
    expect(stderr).toBe('')
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>)
  }

  const HINT = /npm install koffi.*external/
  const koffi = () => join(modules, 'koffi')

  it('says what to do without koffi, and works as soon as it is there', async () => {
    const [without, then] = await results(`
      print(await all())
      symlinkSync(${JSON.stringify(join(ROOT, 'node_modules/koffi'))}, ${JSON.stringify(koffi())})
      print(await all())`)
    await rm(koffi())
    for (const text of Object.values(without!)) expect(text).toMatch(HINT)
    const { capabilities: _capabilities, ...calls } = without!
    for (const text of Object.values(calls)) expect(text).toMatch(/^WireGuardError EOPNOTSUPP/)
    expect(then).toMatchObject({ names: 'ok', link: 'ok', namespace: 'ok' })
    expect(then!['capabilities']).not.toMatch(HINT)
  })

  it('says so when koffi has no binary for this platform', async () => {
    await mkdir(koffi())
    await writeFile(join(koffi(), 'index.js'), "throw new Error('Cannot find the native module')")
    const [broken] = await results('print(await all())')
    await rm(koffi(), { recursive: true })
    for (const text of Object.values(broken!)) expect(text).toMatch(HINT)
  })

  it('reports that the process is out of descriptors, and works when it no longer is', async () => {
    await symlink(join(ROOT, 'node_modules/koffi'), koffi())
    const [fresh, out, then] = await results(`
      const take = () => { const taken = []; try { for (;;) taken.push(openSync('/dev/null')) } catch { return taken } }
      const fresh = process.argv[2] === undefined
      const taken = take()
      const out = await all()
      for (const fd of taken) closeSync(fd)
      const then = await all()
      const again = take()
      print(out)
      print(await all())
      for (const fd of again) closeSync(fd)
      print(then)`)
    await rm(koffi())
    const { capabilities, ...calls } = fresh!
    for (const text of Object.values(calls)) expect(text).toMatch(/^WireGuardError EMFILE/)
    expect(capabilities).toBeDefined()
    // Afterwards some sockets are open, and what needs no other works.
    for (const text of Object.values(out!)) expect(text).not.toMatch(/^(Error|TypeError|System)/)
    expect(then).toMatchObject({ names: 'ok', link: 'ok', namespace: 'ok' })
    for (const text of Object.values(then!)) expect(text).not.toMatch(/EMFILE/)
  })
})
