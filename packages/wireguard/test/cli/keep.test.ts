import { expect, it } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { until } from '../../../../test-fixtures/wait.js'
import { commandFixture } from './fixture.js'

const A = publicKeyOf(1)
const fixture = commandFixture()
const file = () => `${fixture.directory}/keep.conf`

it('keeps endpoints until it is ended, and tells what it changed', async () => {
  await fixture.client.configureDevice('wg0', { peers: [{ publicKey: A }] })
  await writeFile(
    file(),
    `[Interface]\nAddress = 10.0.0.1/24\n[Peer]\nPublicKey = ${A}\nEndpoint = vpn.example:1\n`,
  )
  const ended = new AbortController()
  const running = fixture.run(['keep', 'wg0', file()], {
    ended: ended.signal,
    lookup: async () => '192.0.2.1',
  })
  await until(async () => (await fixture.device()).peers[0]?.endpoint?.host === '192.0.2.1')
  ended.abort()
  await expect(running).resolves.toMatchObject({
    code: 0,
    stdout: `${A} vpn.example 192.0.2.1:1\n`,
    stderr: '',
  })
})

it.each([
  ['keep', 'Usage: wireguard keep INTERFACE [FILE]'],
  ['keep wg0 a b', 'Usage: wireguard keep INTERFACE [FILE]'],
  ['keep wg0 /does/not/exist', 'fopen: No such file or directory'],
])('`%s` fails', async (line, message) => {
  const { code, stderr } = await fixture.line(line)
  expect({ code, isTold: stderr.includes(message) }).toEqual({ code: 1, isTold: true })
})

it('refuses a file with an error, with its line', async () => {
  await writeFile(file(), '[Peer]\nPublicKey = x\n')
  const { code, stderr } = await fixture.run(['keep', 'wg0', file()])
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('line 2') })
})
