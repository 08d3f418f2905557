import { fileURLToPath } from 'node:url'
import { runCommand } from '../../../../test-fixtures/command.js'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/**
 * Runs code as a user without privileges, with the built packages as users have them, and
 * `WireGuard` imported: `npm test` builds first.
 *
 * @param body statements that return what is handed back, through JSON
 */
export async function asNobody(body: string, ...prefix: readonly string[]): Promise<unknown> {
  const code = `
    import { WireGuard } from 'wireguard'
    const result = await (async () => { ${body} })()
    console.log(JSON.stringify(result))`
  const drop = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
  const { stdout, stderr } = await runCommand(
    ['env', '-C', root, ...prefix, ...drop, process.execPath, '--input-type=module', '-e', code],
    { timeout: 120_000 },
  )
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as unknown
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
