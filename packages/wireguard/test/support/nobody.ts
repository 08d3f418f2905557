import { afterAll } from '@jest/globals'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../../../../test-fixtures/command.js'

const MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url))
const BUILT = ['wireguard', 'wireguardcfg', 'wireguardnl'].flatMap((name) => [
  `${name}/package.json`,
  `${name}/dist`,
])

let project: Promise<string> | undefined
afterAll(async () => {
  if (project !== undefined) await rm(await project, { recursive: true })
})

/**
 * Runs code as a user without privileges, with the built packages as users have them, and
 * `WireGuard` imported: `npm test` builds first.
 *
 * @param body statements that return what is handed back, through JSON
 */
export async function asNobody(body: string, ...prefix: readonly string[]): Promise<unknown> {
  const folder = await (project ??= copyPackages())
  const code = `
    import { WireGuard } from 'wireguard'
    const result = await (async () => { ${body} })()
    console.log(JSON.stringify(result))`
  const drop = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
  const { stdout, stderr } = await runCommand(
    ['env', '-C', folder, ...prefix, ...drop, process.execPath, '--input-type=module', '-e', code],
    { timeout: 120_000 },
  )
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as unknown
}

/**
 * A folder that every user may enter, with the packages in its node_modules: only root may be
 * allowed to enter this checkout. zod stays out; it is loaded for a faulty configuration only.
 */
async function copyPackages(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wireguard-nobody-'))
  await chmod(folder, 0o755)
  const copy = 'umask 022; mkdir "$0"; exec cp -RL --parents --no-preserve=mode "$@" "$0"'
  const files = [join(folder, 'node_modules'), ...BUILT, 'koffi', '@koromix']
  const { stderr, code } = await runCommand(['env', '-C', MODULES, 'sh', '-c', copy, ...files])
  if (code !== 0) throw new Error(stderr)
  return folder
}

/**
 * The code of a call of every method that changes something or reads a device, each with `NAME`.
 */
export const CODES_OF_ALL_METHODS = `
  const codeOf = async (call) => {
    try { await call(); return 'none' } catch (error) { return [error.code, error.hint ?? ''] }
  }
  const wg = await WireGuard.open(OPTIONS)
  return {
    device: await codeOf(() => wg.device(NAME)),
    configureDevice: await codeOf(() => wg.configureDevice(NAME, { firewallMark: 1 })),
    createDevice: await codeOf(() => wg.createDevice('wgnew')),
    deleteDevice: await codeOf(() => wg.deleteDevice(NAME)),
    setLink: await codeOf(() => wg.setLink(NAME, { up: true })),
    addAddress: await codeOf(() => wg.addAddress(NAME, '10.7.0.9/24')),
    removeAddress: await codeOf(() => wg.removeAddress(NAME, '10.7.0.1/24')),
    link: await codeOf(() => wg.link(NAME)),
    addresses: await codeOf(() => wg.addresses(NAME)),
    deviceNames: await codeOf(() => wg.deviceNames()),
    netns: await codeOf(() => WireGuard.open({ netns: 1 })),
  }`
