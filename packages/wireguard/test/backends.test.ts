import { describe, expect, it } from '@jest/globals'
import { UapiClient } from 'wireguardcfg'
import { UapiServer } from 'wireguardcfg/server'
import { NetlinkClient } from 'wireguardnl'
import { FakeSystem } from '../../../test-fixtures/fakes/system.js'
import { WireGuard } from '../src/index.js'
import { temporaryDirectory } from '../../../test-fixtures/directory.js'

/** wg1 and wg2 are the kernel's; of the sockets, there are those that a test makes. */
async function open(socketDirectory: string): Promise<WireGuard> {
  const system = new FakeSystem()
  for (const name of ['wg1', 'wg2']) system.add(name)
  return WireGuard.open({
    socketDirectory,
    backends: ['userspace', new NetlinkClient(system.kernel)],
  })
}

describe('an interface', () => {
  it('is looked for among the sockets at every call', async () => {
    await using directory = await temporaryDirectory()
    await using wg = await open(directory.path)
    expect(await wg.device('wg1')).toMatchObject({ backend: 'kernel' })
    const server = await UapiServer.listen({ name: 'wg1', directory: directory.path })
    expect(await wg.device('wg1')).toMatchObject({ backend: 'userspace' })
    await server.close()
    expect(await wg.device('wg1')).toMatchObject({ backend: 'kernel' })
  })

  it('that nobody has is ENODEV, with what each place says', async () => {
    await using directory = await temporaryDirectory()
    await using wg = await open(directory.path)
    await expect(wg.device('wg9')).rejects.toMatchObject({
      code: 'ENODEV',
      device: 'wg9',
      detail: expect.stringMatching(/^no socket .*wg9\.sock/),
    })
  })

  it.each(['', '.', 'a/b', 'sixteen-letters-'])('is never called %j', async (name) => {
    await using directory = await temporaryDirectory()
    await using wg = await open(directory.path)
    await expect(wg.device(name)).rejects.toMatchObject({ code: 'EINVAL' })
  })
})

describe('UapiClient.mayHave', () => {
  it('says whether there is a socket', async () => {
    await using directory = await temporaryDirectory()
    await using server = await UapiServer.listen({ name: 'wg1', directory: directory.path })
    const client = new UapiClient({ directory: directory.path })
    expect([server.name, 'wg2', 'a/b', ''].map((name) => client.mayHave(name))).toStrictEqual([
      true,
      false,
      false,
      false,
    ])
    expect(new UapiClient({ directory: '/nonexistent' }).mayHave('wg1')).toBe(false)
  })
})
