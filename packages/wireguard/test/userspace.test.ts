import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { until } from '../../../test-fixtures/wait.js'
import { runCommand } from '../../../test-fixtures/command.js'
import { describeWith, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { socketOf, startWireGuardGo, uniqueName } from '../../../test-fixtures/wireguard-go.js'
import { type CreateOptions, WireGuard } from '../src/index.js'
import { TestNamespace } from '../../../test-fixtures/namespace.js'
import { openDescriptors, processesOf, zombies } from '../../../test-fixtures/process.js'
import { presharedKeyOf, privateKeyOf, publicKeyOf } from '../../../test-fixtures/sample.js'

describeWith(hasWireGuardGo, 'a userspace device', () => {
  let namespace: TestNamespace
  let wg: WireGuard
  let name: string
  beforeEach(async () => {
    namespace = await TestNamespace.create()
    wg = await WireGuard.open({ netns: namespace.pid })
    name = uniqueName()
  })
  afterEach(async () => {
    await wg.close()
    await namespace[Symbol.asyncDispose]()
    // Ends the processes of a test that failed.
    await rm(socketOf(name), { force: true })
  })

  const create = (options: CreateOptions = {}) =>
    wg.createDevice(name, { backend: 'userspace', idleTimeout: 20_000, ...options })

  const expectNothingLeft = async (): Promise<void> => {
    expect(await namespace.links()).toStrictEqual([])
    expect(existsSync(socketOf(name))).toBe(false)
    expect(processesOf(name)).toStrictEqual([])
    expect(zombies()).toStrictEqual([])
  }

  it('is started, configured, addressed and brought up, and deleted without a trace', async () => {
    const device = await create({
      config: {
        privateKey: privateKeyOf(1),
        listenPort: 51_820,
        peers: [
          { publicKey: publicKeyOf(2), presharedKey: presharedKeyOf(2), allowedIPs: ['10.7.0.2'] },
        ],
      },
      addresses: ['10.7.0.1/24', 'fd00:7::1/64'],
      mtu: 1380,
      up: true,
    })
    expect(device).toMatchObject({
      name,
      backend: 'userspace',
      fallback: undefined,
      netns: namespace.pid,
      created: true,
    })
    const read = await wg.device(name)
    expect(read).toMatchObject({ backend: 'userspace', listenPort: 51_820 })
    expect(read.privateKey).toStrictEqual(privateKeyOf(1))
    expect(read.peers).toMatchObject([{ publicKey: publicKeyOf(2), allowedIPs: ['10.7.0.2/32'] }])
    expect(await wg.link(name)).toMatchObject({ name, kind: 'tun', up: true, mtu: 1380 })
    const addresses = await wg.addresses(name)
    expect(addresses).toStrictEqual(expect.arrayContaining(['10.7.0.1/24', 'fd00:7::1/64']))
    expect(await namespace.run('ss', '-Hlun', 'sport = 51820')).toContain(':51820')

    await device.delete()
    await expectNothingLeft()
    await expect(device.delete()).resolves.toBeUndefined()
  })

  it('stays down without up, and is deleted at the end of its scope', async () => {
    {
      await using device = await create()
      expect(await wg.link(device.name)).toMatchObject({ up: false })
    }
    await expectNothingLeft()
  })

  it('is the fallback where the kernel has no WireGuard, with the reason', async () => {
    const { kernel } = await wg.capabilities()
    await using device = await create({ backend: 'auto' })
    expect(device).toMatchObject(
      kernel.ok
        ? { backend: 'kernel', fallback: undefined }
        : { backend: 'userspace', fallback: expect.stringContaining('no WireGuard') },
    )
    expect((await wg.device(name)).backend).toBe(device.backend)
  })

  it('is created by backend auto when the kernel is not among the backends', async () => {
    await using own = await WireGuard.open({ netns: namespace.pid, backends: ['userspace'] })
    await using device = await own.createDevice(name, { idleTimeout: 20_000 })
    expect(device).toMatchObject({ backend: 'userspace', fallback: undefined })
  })

  it('is not created twice, and can be used instead', async () => {
    await using device = await create({ config: { firewallMark: 7 }, addresses: ['10.7.0.1/24'] })
    await expect(create()).rejects.toMatchObject({ code: 'EEXIST', device: name })
    {
      await using again = await create({
        backend: 'auto',
        ifExists: 'use',
        config: { listenPort: 51_821 },
        addresses: ['10.7.0.1/24', '10.7.0.2/24'],
        up: true,
      })
      expect(again).toMatchObject({ backend: 'userspace', created: false })
    }
    expect(await wg.device(device.name)).toMatchObject({ firewallMark: 7, listenPort: 51_821 })
    expect(await wg.addresses(name)).toStrictEqual(
      expect.arrayContaining(['10.7.0.1/24', '10.7.0.2/24']),
    )
    await expect(create({ backend: 'kernel', ifExists: 'use' })).rejects.toMatchObject({
      code: 'EEXIST',
    })
  })

  it('is not deleted when a step fails and it existed before', async () => {
    await using device = await create()
    await expect(create({ ifExists: 'use', mtu: 70_000 })).rejects.toMatchObject({ code: 'EINVAL' })
    await expect(wg.device(device.name)).resolves.toMatchObject({ name })
  })

  it.each<[string, CreateOptions, object]>([
    ['a mtu that the kernel refuses', { mtu: 70_000 }, { code: 'EINVAL', path: 'mtu' }],
    [
      'an address given twice',
      { addresses: ['10.7.0.1/24', '10.7.0.1/24'], up: true },
      { code: 'EEXIST', message: expect.stringContaining('could not add address 10.7.0.1/24') },
    ],
  ])('leaves nothing after %s', async (_, options, error) => {
    await expect(create(options)).rejects.toMatchObject({
      ...error,
      operation: 'create device',
      device: name,
    })
    await expectNothingLeft()
  })

  it('leaves nothing when its port is in use as it is brought up', async () => {
    await using other = await startWireGuardGo()
    await using client = await WireGuard.open({ netns: other.pid })
    await client.setLink(other.name, { up: true })
    // Once it listens at a port of its own choice, a port that is taken is an error.
    await client.configureDevice(other.name, { listenPort: 51_822 })
    name = uniqueName()
    await expect(
      client.createDevice(name, {
        backend: 'userspace',
        config: { listenPort: 51_822 },
        up: true,
        idleTimeout: 20_000,
      }),
    ).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringContaining('could not bring it up'),
    })
    expect(existsSync(socketOf(name))).toBe(false)
    expect(processesOf(name)).toStrictEqual([])
  })

  it('does not start where an interface has its name', async () => {
    await namespace.run('ip', 'link', 'add', name, 'type', 'bridge')
    await expect(create()).rejects.toMatchObject({
      code: 'EEXIST',
      detail: expect.stringContaining('bridge'),
    })
    await expect(create({ ifExists: 'use' })).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
    expect(await namespace.links()).toStrictEqual([name])
  })

  it('does not start where a daemon of another namespace has its socket', async () => {
    await using other = await startWireGuardGo()
    name = other.name
    await expect(create()).rejects.toMatchObject({ code: 'EEXIST' })
    expect((await other.wg('show', name)).code).toBe(0)
    expect(await namespace.links()).toStrictEqual([])
  })

  it('is created by one of two calls at the same time', async () => {
    const results = await Promise.allSettled([create(), create()])
    expect(results.map(({ status }) => status).toSorted()).toStrictEqual(['fulfilled', 'rejected'])
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'EEXIST' },
    })
    await wg.deleteDevice(name)
    await expectNothingLeft()
  })

  it('can be deleted after its client was closed', async () => {
    await using own = await WireGuard.open({ netns: namespace.pid })
    const device = await own.createDevice(name, { backend: 'userspace', idleTimeout: 20_000 })
    await own.close()
    expect(await namespace.links()).toStrictEqual([name])
    await device.delete()
    await expectNothingLeft()
  })

  // The built packages run; `npm test` builds first.
  it('outlives the process that created it, which does not wait for it', async () => {
    const code = `
      import { WireGuard } from 'wireguard'
      const wg = await WireGuard.open({ netns: ${namespace.pid} })
      await wg.createDevice('${name}', { backend: 'userspace', up: true, idleTimeout: 20_000 })
      console.log('made')`
    const root = fileURLToPath(new URL('../../../', import.meta.url))
    const node = [process.execPath, '--input-type=module', '-e', code] as const
    const result = await runCommand(['env', '-C', root, ...node])
    expect(result).toStrictEqual({ stdout: 'made\n', stderr: '', code: 0 })
    expect(await wg.device(name)).toMatchObject({ name })
    expect(processesOf(name)).toHaveLength(1)
    await wg.deleteDevice(name, { idleTimeout: 20_000 })
    expect(await namespace.links()).toStrictEqual([])
  })

  it('is deleted with its socket after its daemon was killed', async () => {
    const device = await create()
    await namespace.run('pkill', '-KILL', '-x', '-f', `\\S*wireguard-go --foreground ${name}`)
    await until(() => processesOf(name).length === 0, 'the daemon has ended')
    expect(existsSync(socketOf(name))).toBe(true)
    await device.delete()
    await expectNothingLeft()
  })

  it('can be deleted by name, also when another process started it', async () => {
    await create()
    await wg.deleteDevice(name)
    await expectNothingLeft()
    await expect(wg.deleteDevice(name)).rejects.toMatchObject({ code: 'ENODEV' })
    await expect(wg.deleteDevice(name, { ifMissing: 'ignore' })).resolves.toBeUndefined()

    await using other = await startWireGuardGo()
    await using client = await WireGuard.open({ netns: other.pid })
    await client.deleteDevice(other.name, { idleTimeout: 20_000 })
    expect(existsSync(other.socketPath)).toBe(false)
    await expect(client.link(other.name)).rejects.toMatchObject({ code: 'ENODEV' })
  })

  it('leaves no descriptor and no process in 50 rounds', async () => {
    // Sockets that are kept for the next call are open from the first round on.
    await round(wg)
    const before = openDescriptors()
    for (let i = 0; i < 10; i++) {
      await Promise.all(Array.from({ length: 5 }, () => round(wg)))
    }
    expect(openDescriptors()).toBe(before)
    expect(zombies()).toStrictEqual([])
    expect(await namespace.links()).toStrictEqual([])
  }, 120_000)
})

async function round(wg: WireGuard): Promise<void> {
  await using device = await wg.createDevice(uniqueName(), {
    backend: 'userspace',
    addresses: ['10.7.0.1/24'],
    up: true,
    idleTimeout: 20_000,
  })
  expect(device.created).toBe(true)
}
