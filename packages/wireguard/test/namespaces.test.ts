import { describe, expect, it } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { UapiServer } from 'wireguardcfg/server'
import { uniqueName } from '../../../test-fixtures/wireguard-go.js'
import { describeWith, hasNamespaces, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { WireGuard } from '../src/index.js'
import { temporaryDirectory } from '../../../test-fixtures/directory.js'
import { TestNamespace } from '../../../test-fixtures/namespace.js'
import { openDescriptors, processesOf } from '../../../test-fixtures/process.js'

describe('WireGuard.open of a namespace', () => {
  it.each<[string, string | number, string]>([
    ['a path at which there is nothing', '/nonexistent/netns', 'ENOENT'],
    ['a name that ip netns does not have', 'no-such-namespace', 'ENOENT'],
    ['a process that does not exist', 2 ** 30, 'ENOENT'],
    ['a namespace of another kind', '/proc/self/ns/mnt', 'EINVAL'],
    ['a directory', '/tmp', 'EINVAL'],
    ['a device', '/dev/null', 'EINVAL'],
    ['the empty text', '', 'EINVAL'],
    ['half a process', 1.5, 'EINVAL'],
  ])('refuses %s', async (_, netns, code) => {
    const before = openDescriptors()
    await expect(WireGuard.open({ netns })).rejects.toMatchObject({ code })
    expect(openDescriptors()).toBe(before)
  })

  it('refuses a plain file', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'file')
    await writeFile(path, 'net')
    await expect(WireGuard.open({ netns: path })).rejects.toMatchObject({ code: 'EINVAL' })
  })
})

describeWith(hasNamespaces, 'WireGuard in a network namespace', () => {
  it('counts a socket only if an interface of its name is inside', async () => {
    await using directory = await temporaryDirectory()
    const servers = ['br0', 'br1', 'br2'].map((name) =>
      UapiServer.listen({ name, directory: directory.path }),
    )
    await using first = await servers[0]!
    await using second = await servers[1]!
    await using third = await servers[2]!
    await using blue = await TestNamespace.create()
    await using red = await TestNamespace.create()
    await blue.run('ip', 'link', 'add', first.name, 'type', 'bridge')
    await red.run('ip', 'link', 'add', second.name, 'type', 'bridge')
    const socketDirectory = directory.path
    await using inBlue = await WireGuard.open({ netns: blue.pid, socketDirectory })
    await using inRed = await WireGuard.open({ netns: red.path, socketDirectory })

    expect(await inBlue.deviceNames()).toStrictEqual(['br0'])
    expect((await inRed.devices()).map(({ name }) => name)).toStrictEqual(['br1'])
    await inBlue.configureDevice('br0', { firewallMark: 5 })
    expect(first.device().firewallMark).toBe(5)
    for (const name of ['br1', third.name]) {
      await expect(inBlue.device(name)).rejects.toMatchObject({ code: 'ENODEV', device: name })
      const configuring = inBlue.configureDevice(name, { firewallMark: 6 })
      await expect(configuring).rejects.toMatchObject({ code: 'ENODEV' })
    }
    expect([second, third].map((server) => server.device().firewallMark)).toStrictEqual([0, 0])
  })

  it('returns to its namespace, and keeps no descriptor after it is closed', async () => {
    const ours = readlinkSync('/proc/thread-self/ns/net')
    await using namespace = await TestNamespace.create()
    const before = openDescriptors()
    const wg = await WireGuard.open({ netns: namespace.pid })
    await wg.deviceNames()
    await expect(wg.device('wg0')).rejects.toMatchObject({ code: 'ENODEV' })
    expect(readlinkSync('/proc/thread-self/ns/net')).toBe(ours)
    await wg.close()
    expect(openDescriptors()).toBe(before)
  })
})

describeWith(hasWireGuardGo, 'a userspace device', () => {
  it('is created here, and moved there before it is addressed', async () => {
    await using blue = await TestNamespace.create()
    await using red = await TestNamespace.create()
    await using wg = await WireGuard.open({ netns: blue.pid })
    await using there = await WireGuard.open({ netns: red.pid })
    const name = uniqueName()
    const device = await wg.createDevice(name, {
      backend: 'userspace',
      config: { listenPort: 51_830 },
      moveTo: red.pid,
      addresses: ['10.7.0.1/24'],
      up: true,
      idleTimeout: 20_000,
    })
    expect(device).toMatchObject({ backend: 'userspace', netns: red.pid })
    expect(await there.device(name)).toMatchObject({ backend: 'userspace', listenPort: 51_830 })
    expect(await there.link(name)).toMatchObject({ up: true, kind: 'tun' })
    expect(await there.addresses(name)).toContain('10.7.0.1/24')
    await expect(wg.device(name)).rejects.toMatchObject({ code: 'ENODEV' })
    expect(await blue.run('ss', '-Hlun')).toContain(':51830')
    await device.delete()
    expect(await red.links()).toStrictEqual([])
    expect(processesOf(name)).toStrictEqual([])
  })

  it('remains in neither namespace when its name is taken in the other', async () => {
    await using blue = await TestNamespace.create()
    await using red = await TestNamespace.create()
    await using wg = await WireGuard.open({ netns: blue.pid })
    const name = uniqueName()
    await red.run('ip', 'link', 'add', name, 'type', 'bridge')
    const creating = wg.createDevice(name, {
      backend: 'userspace',
      moveTo: red.path,
      idleTimeout: 20_000,
    })
    await expect(creating).rejects.toMatchObject({
      code: 'EEXIST',
      message: expect.stringContaining('could not move it'),
    })
    expect(await blue.links()).toStrictEqual([])
    expect(await red.links()).toStrictEqual([name])
    expect(processesOf(name)).toStrictEqual([])
  })
})
