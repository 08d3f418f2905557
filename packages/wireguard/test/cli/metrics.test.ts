import { expect, it } from '@jest/globals'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { commandFixture } from './fixture.js'

const A = publicKeyOf(1)
const fixture = commandFixture()

it('prints metrics, or writes them into a file that others may read', async () => {
  await fixture.client.configureDevice('wg0', { peers: [{ publicKey: A }] })
  const names = `${fixture.directory}/names.conf`
  await writeFile(names, `[Peer]\n# friendly_name = laptop\nPublicKey = ${A}\n`)
  const { code, stdout, stderr } = await fixture.run(['metrics', '--conf', names])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain(`public_key="${A}",endpoint="",name="laptop"} 1\n`)
  const output = `${fixture.directory}/wireguard.prom`
  const options = ['--format', 'openmetrics', '--profile', 'all', '--output', output]
  expect(await fixture.run(['metrics', ...options])).toMatchObject({ code: 0, stdout: '' })
  expect(await readFile(output, 'utf8')).toMatch(/wireguard_sent_bytes_total[^]*\n# EOF\n$/)
  expect((await stat(output)).mode & 0o777).toBe(0o644)
})

it.each([
  ['metrics --format json', '--format: expected prometheus or openmetrics'],
  ['metrics --profile x', '--profile: expected default, mindflavor or all'],
  ['metrics --nonsense', "Unknown option '--nonsense'"],
  ['metrics wg0', 'Usage: wireguard metrics'],
  ['metrics --output /does/not/exist/x', 'Unable to write /does/not/exist/x: No such file'],
])('`%s` fails', async (line, message) => {
  const { code, stdout, stderr } = await fixture.line(line)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain(message)
})
