// What starts from the built packages waits for every file that is loaded: 0.25 ms each.
// .scripts/bundle.mjs decides what is in them.
import { expect, it } from '@jest/globals'
import { runCommand } from '../../../test-fixtures/command.js'
import { describeWith } from '../../../test-fixtures/require.js'
import { BIN, hasBin } from './cli/bin.js'
import { loadedModules } from './support/loaded-modules.js'

const CFG = ['wireguardcfg/index.js', 'wireguardcfg/shared.js']
const CORE = ['wireguardcfg/internal.js', 'wireguardcfg/shared.js']
const CONF = ['wireguardcfg/conf.js', 'wireguardcfg/conf/shared.js', 'wireguardcfg/shared.js']
// applyConf reads files. It is loaded with the rest, because a process without a free descriptor
// could not load it when it is called.
const FACADE = [
  'wireguard/index.js',
  'wireguard/shared.js',
  'wireguard/uninterrupted.js',
  'wireguardcfg/internal/conf.js',
  'wireguardnl/internal.js',
  ...new Set([...CORE, ...CONF]),
]
const SERVER = ['wireguardcfg/server.js', 'wireguardcfg/shared.js']

describeWith(hasBin, 'loading', () => {
  it.each([
    ['wireguardcfg', CFG],
    ['wireguardcfg/backend', ['wireguardcfg/backend.js', 'wireguardcfg/shared.js']],
    ['wireguardcfg/conf', CONF],
    ['wireguardcfg/server', SERVER],
    ['wireguard', FACADE],
    ['wireguard/conf', ['wireguard/conf.js', ...CONF]],
    ['wireguard/server', ['wireguard/server.js', ...SERVER]],
  ])('%s loads no file that it does not need', async (name, files) => {
    const modules = await loadedModules(['--input-type=module', '--eval', `import '${name}'`])
    expect(filesOf(modules)).toEqual(files.toSorted())
  })

  it('wireguardcfg/schema loads zod, so this check can detect it', async () => {
    const script = "import 'wireguardcfg/schema'"
    const modules = await loadedModules(['--input-type=module', '--eval', script])
    expect(modules.filter((url) => url.includes('/zod/'))).not.toEqual([])
  })

  it('wireguardnl loads koffi at the first system call, not before', async () => {
    const script = `import { createRequire } from 'node:module'
      import { kernelCapabilities } from 'wireguardnl'
      const { cache } = createRequire(import.meta.url)
      const koffi = () => Object.keys(cache).some((file) => file.includes('/koffi/'))
      const before = koffi()
      await kernelCapabilities()
      console.log(before, koffi())`
    const { stdout } = await runCommand([process.execPath, '--input-type=module', '-e', script])
    expect(stdout).toBe('false true\n')
  })

  it.each([
    ['--help', []],
    ['--version', ['wireguard/cli/version.js']],
    ['genkey', ['wireguard/cli/genkey.js', ...CORE]],
  ])('the command does not load the library for %s', async (argument, files) => {
    const modules = await loadedModules([BIN, argument])
    const always = ['wireguard/cli/bin.js', 'wireguard/cli/shared.js', 'wireguard/uninterrupted.js']
    expect(filesOf(modules)).toEqual([...always, ...files].toSorted())
  })
})

/** Those of the packages: `wireguard/index.js` for packages/wireguard/dist/index.js. */
function filesOf(modules: readonly string[]): string[] {
  return modules
    .flatMap((url) => /\/packages\/(\w+)\/dist\/(.+)$/.exec(url)?.slice(1).join('/') ?? [])
    .toSorted()
}
