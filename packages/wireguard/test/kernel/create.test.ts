import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { type CreateOptions, WireGuard } from '../../src/index.js'
import { asNobody, CODES_OF_ALL_METHODS } from '../support/nobody.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { children, openDescriptors } from '../../../../test-fixtures/process.js'
import { presharedKeyOf, privateKeyOf, publicKeyOf } from '../../../../test-fixtures/sample.js'

describeWith(hasKernelWireGuard, 'a device of the kernel', () => {
  let namespace: TestNamespace
  let wg: WireGuard
  beforeEach(async () => {
    namespace = await TestNamespace.create()
    wg = await WireGuard.open({ netns: namespace.pid })
  })
  afterEach(async () => {
    await wg.close()
    await namespace[Symbol.asyncDispose]()
  })

  it('is created, configured, addressed and brought up, and deleted without a trace', async () => {
    const device = await wg.createDevice('wg0', {
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
      name: 'wg0',
      backend: 'kernel',
      fallback: undefined,
      netns: namespace.pid,
      created: true,
    })
    const read = await wg.device('wg0')
    expect(read).toMatchObject({ backend: 'kernel', listenPort: 51_820 })
    expect(read.privateKey).toStrictEqual(privateKeyOf(1))
    expect(read.peers).toMatchObject([{ publicKey: publicKeyOf(2), allowedIPs: ['10.7.0.2/32'] }])
    const link = await wg.link('wg0')
    expect(link).toStrictEqual({
      name: 'wg0',
      index: read.index,
      kind: 'wireguard',
      up: true,
      mtu: 1380,
    })
    expect(await wg.addresses('wg0')).toStrictEqual(['10.7.0.1/24', 'fd00:7::1/64'])

    await device.delete()
    expect(await namespace.links()).toStrictEqual([])
    await expect(device.delete()).resolves.toBeUndefined()
  })

  it('stays down without up, and is deleted at the end of its scope', async () => {
    {
      await using device = await wg.createDevice('wg0')
      expect(await wg.link(device.name)).toMatchObject({ up: false, mtu: 1420 })
    }
    expect(await namespace.links()).toStrictEqual([])
  })

  it('is changed by the single calls', async () => {
    await using device = await wg.createDevice('wg0')
    await wg.setLink(device.name, { mtu: 1400 })
    await wg.setLink('wg0', { up: true })
    expect(await wg.link('wg0')).toMatchObject({ up: true, mtu: 1400 })
    await wg.addAddress('wg0', '10.7.0.1/24')
    await expect(wg.addAddress('wg0', '10.7.0.1/24')).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await wg.addresses('wg0')).toStrictEqual(['10.7.0.1/24'])
    await wg.removeAddress('wg0', '10.7.0.1/24')
    expect(await wg.addresses('wg0')).toStrictEqual([])
    await wg.setLink('wg0', { up: false })
    expect(await wg.link('wg0')).toMatchObject({ up: false })
  })

  it('is not created twice; an existing one can be used, and then outlives its scope', async () => {
    await using device = await wg.createDevice('wg0', {
      config: { firewallMark: 7 },
      addresses: ['10.7.0.1/24'],
    })
    await expect(wg.createDevice('wg0')).rejects.toMatchObject({
      code: 'EEXIST',
      operation: 'create device',
      device: 'wg0',
      detail: expect.stringContaining('wireguard'),
    })
    {
      await using again = await wg.createDevice('wg0', {
        ifExists: 'use',
        config: { listenPort: 51_821 },
        addresses: ['10.7.0.1/24', '10.7.1.1/24'],
        up: true,
      })
      expect(again).toMatchObject({ backend: 'kernel', created: false })
      const refused = wg.createDevice('wg0', { ifExists: 'use', mtu: 2 ** 31 - 1 })
      await expect(refused).rejects.toMatchObject({ code: 'EINVAL', path: 'mtu' })
    }
    expect(await wg.device(device.name)).toMatchObject({ firewallMark: 7, listenPort: 51_821 })
    expect(await wg.addresses('wg0')).toStrictEqual(['10.7.0.1/24', '10.7.1.1/24'])
    const other = wg.createDevice('wg0', { ifExists: 'use', backend: 'userspace' })
    await expect(other).rejects.toMatchObject({ code: 'EEXIST' })
  })

  it.each(['dummy', 'veth'])(
    'is not created in place of a %s, and a deletion leaves that alone',
    async (kind) => {
      await namespace.run('ip', 'link', 'add', 'wg0', 'type', kind)
      const links = await namespace.links()
      await expect(wg.createDevice('wg0')).rejects.toMatchObject({
        code: 'EEXIST',
        detail: expect.stringContaining(kind),
      })
      const using = wg.createDevice('wg0', { ifExists: 'use' })
      await expect(using).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
      await expect(wg.deleteDevice('wg0')).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
      await expect(wg.deleteDevice('lo')).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
      expect(await namespace.links()).toStrictEqual(links)
    },
  )

  it('has a name of up to 15 bytes', async () => {
    await using device = await wg.createDevice('wg3456789012345')
    expect(await wg.deviceNames()).toStrictEqual([device.name])
    await expect(wg.createDevice('wg34567890123456')).rejects.toMatchObject({ code: 'EINVAL' })
    await expect(wg.createDevice('wg%d')).rejects.toMatchObject({ code: 'EINVAL' })
    expect(await namespace.links()).toStrictEqual([device.name])
  })

  it.each<[string, CreateOptions, object]>([
    ['a mtu that the kernel refuses', { mtu: 2 ** 31 - 1 }, { code: 'EINVAL', path: 'mtu' }],
    [
      'an address given twice',
      { addresses: ['10.7.0.1/24', '10.7.0.1/24'], up: true },
      { code: 'EEXIST', message: expect.stringContaining('could not add address 10.7.0.1/24') },
    ],
    [
      'a port that is in use when it is brought up',
      { config: { listenPort: 51_822 }, up: true },
      { code: 'EADDRINUSE', message: expect.stringContaining('could not bring it up') },
    ],
    [
      'a namespace to move to that does not exist',
      { moveTo: '/nonexistent/netns' },
      { code: 'ENOENT', message: expect.stringContaining('/nonexistent/netns') },
    ],
    ['a namespace to move to that is none', { moveTo: '/proc/self/ns/mnt' }, { code: 'EINVAL' }],
    [
      'a field of the configuration',
      { config: { listenPort: 70_000 } },
      { code: 'EINVAL', path: 'listenPort' },
    ],
  ])('does not remain after %s', async (_, options, error) => {
    await using other = await wg.createDevice('wgother', {
      config: { listenPort: 51_822 },
      up: true,
    })
    await expect(wg.createDevice('wg0', options)).rejects.toMatchObject(error)
    expect(await namespace.links()).toStrictEqual([other.name])
  })

  it('reports that IPv6 is disabled', async () => {
    await namespace.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6')
    await expect(wg.createDevice('wg0', { addresses: ['fd00::1/64'] })).rejects.toMatchObject({
      code: 'EACCES',
      hint: expect.stringContaining('disable_ipv6'),
    })
    expect(await namespace.links()).toStrictEqual([])
  })

  it('does not remain when the caller aborts, whatever the moment', async () => {
    const peers = Array.from({ length: 200 }, (_, i) => ({ publicKey: publicKeyOf(i) }))
    let created = 0
    for (const moment of [0, 1, 4, 16, 64, 256]) {
      const device = await wg
        .createDevice('wg0', {
          signal: AbortSignal.timeout(moment),
          config: { peers },
          addresses: ['10.7.0.1/24'],
          up: true,
        })
        .catch((error: unknown) => {
          expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' })
        })
      created += device === undefined ? 0 : 1
      await device?.delete()
      expect(await namespace.links()).toStrictEqual([])
    }
    // Or the list above tests nothing.
    expect(created).toBeLessThan(6)
  })

  it('is created by one of two calls at the same time, and used by the other', async () => {
    const devices = await Promise.all(
      [1, 2, 3, 4].map(() => wg.createDevice('wg0', { ifExists: 'use', up: true })),
    )
    expect(devices.filter(({ created }) => created)).toHaveLength(1)
    for (const device of devices) await device[Symbol.asyncDispose]()
    expect(await namespace.links()).toStrictEqual([])
  })

  it('is deleted also after its client was closed', async () => {
    await using own = await WireGuard.open({ netns: namespace.pid })
    const device = await own.createDevice('wg0')
    await own.close()
    await device.delete()
    expect(await namespace.links()).toStrictEqual([])
  })

  it('is deleted while it is being read', async () => {
    const peers = Array.from({ length: 300 }, (_, i) => ({ publicKey: publicKeyOf(i) }))
    await wg.createDevice('wg0', { config: { peers } })
    const reads = Array.from({ length: 12 }, () =>
      wg.device('wg0').then(
        (device) => device.peers.length,
        (error: { readonly code: string }) => error.code,
      ),
    )
    await wg.deleteDevice('wg0')
    expect(await namespace.links()).toStrictEqual([])
    for (const result of await Promise.all(reads)) expect([300, 'ENODEV']).toContain(result)
  })

  it('is not confused with a later interface of its name when it is deleted', async () => {
    const device = await wg.createDevice('wg0')
    await namespace.run('ip', 'link', 'delete', 'wg0')
    await namespace.run('ip', 'link', 'add', 'wg0', 'type', 'wireguard')
    await device.delete()
    expect(await namespace.links()).toStrictEqual(['wg0'])
    await wg.deleteDevice('wg0')
    await expect(wg.deleteDevice('wg0')).rejects.toMatchObject({ code: 'ENODEV' })
    await wg.deleteDevice('wg0', { ifMissing: 'ignore' })
  })

  it('cannot be used without privileges, and every method reports what is missing', async () => {
    await using device = await wg.createDevice('wg0', { addresses: ['10.7.0.1/24'] })
    const body = CODES_OF_ALL_METHODS.replaceAll('NAME', `'${device.name}'`).replace('OPTIONS', '')
    const denied = ['EPERM', expect.stringMatching(/CAP_(NET_ADMIN|SYS_PTRACE)/)]
    expect(await asNobody(body, 'nsenter', `--net=${namespace.path}`)).toStrictEqual({
      device: denied,
      configureDevice: denied,
      createDevice: denied,
      deleteDevice: denied,
      setLink: denied,
      addAddress: denied,
      removeAddress: denied,
      link: 'none',
      addresses: 'none',
      deviceNames: 'none',
      netns: denied,
    })
    expect(await namespace.links()).toStrictEqual([device.name])
  })

  it('leaves no descriptor and no process in 50 rounds', async () => {
    // Sockets that are kept for the next call are open from the first round on.
    await round(wg)
    const before = [openDescriptors(), children()]
    for (let i = 0; i < 50; i++) await round(wg)
    expect([openDescriptors(), children()]).toStrictEqual(before)
  })
})

async function round(wg: WireGuard): Promise<void> {
  await using device = await wg.createDevice('wg0', {
    config: { privateKey: privateKeyOf(1) },
    addresses: ['10.7.0.1/24'],
    up: true,
  })
  await wg.device(device.name)
}
