import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Backend, UapiClient, WireGuardError } from 'wireguardcfg'
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
  it('is searched among the sockets at every call', async () => {
    await using directory = await temporaryDirectory()
    await using wg = await open(directory.path)
    expect(await wg.device('wg1')).toMatchObject({ backend: 'kernel' })
    const server = await UapiServer.listen({ name: 'wg1', directory: directory.path })
    expect(await wg.device('wg1')).toMatchObject({ backend: 'userspace' })
    await server.close()
    expect(await wg.device('wg1')).toMatchObject({ backend: 'kernel' })
  })

  it('that no backend has is ENODEV, with the answer of each backend', async () => {
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

describe('a backend of the user', () => {
  it('is asked without mayHave, and when mayHave returns true', async () => {
    for (const mayHave of [undefined, () => true]) {
      const first = backendOf('userspace', ['wg0'], mayHave)
      const second = backendOf('kernel', ['wg0'])
      await using wg = await WireGuard.open({ backends: [first, second] })
      expect(await wg.device('wg0')).toMatchObject({ backend: 'userspace' })
      expect([first.asked, second.asked]).toStrictEqual([['wg0'], []])
    }
  })

  it('is not asked when mayHave returns false and another backend has the name', async () => {
    const first = backendOf('userspace', [], (name) => name !== 'wg0')
    const second = backendOf('kernel', ['wg0', 'wg1'])
    await using wg = await WireGuard.open({ backends: [first, second] })
    await wg.device('wg0')
    await wg.configureDevice('wg0', {})
    expect([first.asked, second.asked]).toStrictEqual([[], ['wg0', 'wg0']])
    await wg.device('wg1')
    expect(first.asked).toStrictEqual(['wg1'])
  })

  it('is asked last when no backend has the name, and its error gives the reason', async () => {
    const first = backendOf('userspace', [], () => false)
    const second = backendOf('kernel', [])
    await using wg = await WireGuard.open({ backends: [first, second] })
    await expect(wg.device('wg0')).rejects.toMatchObject({
      code: 'ENODEV',
      detail: 'not in userspace; not in kernel',
    })
    expect([first.asked, second.asked]).toStrictEqual([['wg0'], ['wg0']])
  })
})

describe('on a system without netlink', () => {
  const { platform } = process
  beforeEach(() => {
    Object.defineProperty(process, 'platform', { value: 'freebsd' })
  })
  afterEach(() => {
    Object.defineProperty(process, 'platform', { value: platform })
  })

  it('the kernel is left out, and userspace devices are there', async () => {
    await using directory = await temporaryDirectory()
    await using server = await UapiServer.listen({ name: 'wg1', directory: directory.path })
    await using wg = await WireGuard.open({ socketDirectory: directory.path })
    expect(await wg.deviceNames()).toStrictEqual([server.name])
    expect(await wg.device('wg1')).toMatchObject({ backend: 'userspace' })
    await expect(wg.createDevice('wg2', { backend: 'kernel' })).rejects.toMatchObject({
      code: 'EOPNOTSUPP',
      hint: expect.stringContaining(`'kernel'`),
    })
  })

  it('interfaces cannot be managed, and no namespace can be opened', async () => {
    await using directory = await temporaryDirectory()
    await using wg = await WireGuard.open({ socketDirectory: directory.path })
    const results = await Promise.allSettled([
      wg.link('wg0'),
      wg.addresses('wg0'),
      wg.deleteDevice('wg0'),
      wg.createDevice('wg0'),
      wg.createDevice('wg0', { moveTo: 1 }),
      WireGuard.open({ netns: 1 }),
    ])
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'EOPNOTSUPP' } })
    }
  })

  it('capabilities says so', async () => {
    await using wg = await WireGuard.open({ socketDirectory: '/nonexistent/wireguard' })
    const none = { ok: false, reason: expect.stringContaining('Linux only') }
    expect(await wg.capabilities()).toStrictEqual({
      kernel: none,
      read: none,
      create: none,
      namespaces: none,
      removeAllowedIPs: none,
      userspace: none,
      sockets: { ok: true },
    })
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

/** A backend that has some interfaces, and records for which ones it was asked. */
function backendOf(
  kind: Backend['kind'],
  names: readonly string[],
  mayHave?: Backend['mayHave'],
): Backend & { readonly asked: string[] } {
  const asked: string[] = []
  const ask = (name: string): Promise<void> => {
    asked.push(name)
    if (names.includes(name)) return Promise.resolve()
    const detail = `not in ${kind}`
    return Promise.reject(new WireGuardError('no such interface', { code: 'ENODEV', detail }))
  }
  return {
    kind,
    asked,
    mayHave,
    deviceNames: () => Promise.resolve([...names]),
    device: async (name) => {
      await ask(name)
      return { ...EMPTY, name, backend: kind }
    },
    configureDevice: (name) => ask(name),
    close: () => Promise.resolve(),
  }
}

const EMPTY = {
  index: undefined,
  privateKey: undefined,
  publicKey: undefined,
  listenPort: 0,
  firewallMark: 0,
  peers: [],
}
