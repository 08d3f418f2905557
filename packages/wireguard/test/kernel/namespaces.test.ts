import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { readlinkSync } from 'node:fs'
import { UapiServer } from 'wireguardcfg/server'
import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { WireGuard } from '../../src/index.js'
import { temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { openDescriptors } from '../../../../test-fixtures/process.js'

describeWith(hasKernelWireGuard, 'a device of the kernel in a network namespace', () => {
  const ours = readlinkSync('/proc/thread-self/ns/net')
  let blue: TestNamespace
  let red: TestNamespace
  let wg: WireGuard
  beforeEach(async () => {
    blue = await TestNamespace.create()
    red = await TestNamespace.create()
    wg = await WireGuard.open({ netns: blue.pid })
  })
  afterEach(async () => {
    await wg.close()
    await blue[Symbol.asyncDispose]()
    await red[Symbol.asyncDispose]()
    if (readlinkSync('/proc/thread-self/ns/net') !== ours) throw new Error('left elsewhere')
  })

  it('is independent of one of the same name in another namespace', async () => {
    await using other = await WireGuard.open({ netns: red.path })
    await using first = await wg.createDevice('wg0', { config: { firewallMark: 1 } })
    await using second = await other.createDevice('wg0', { config: { firewallMark: 2 } })
    expect([first.netns, second.netns]).toStrictEqual([blue.pid, red.path])
    const read = await Promise.all([wg.device('wg0'), other.device('wg0')])
    expect(read.map(({ firewallMark }) => firewallMark)).toStrictEqual([1, 2])
    await other.deleteDevice('wg0')
    expect(await wg.deviceNames()).toStrictEqual(['wg0'])
    expect(await other.deviceNames()).toStrictEqual([])
  })

  it('is created here, and moved there before it is addressed', async () => {
    const before = openDescriptors()
    const device = await wg.createDevice('wg0', {
      config: { listenPort: 51_820 },
      moveTo: red.pid,
      addresses: ['10.7.0.1/24'],
      up: true,
    })
    expect(device).toMatchObject({ backend: 'kernel', netns: red.pid })
    await expect(wg.device('wg0')).rejects.toMatchObject({ code: 'ENODEV' })
    await expect(wg.link('wg0')).rejects.toMatchObject({ code: 'ENODEV' })
    {
      await using there = await WireGuard.open({ netns: red.pid })
      expect(await there.device('wg0')).toMatchObject({ listenPort: 51_820 })
      expect(await there.link('wg0')).toMatchObject({ up: true })
      expect(await there.addresses('wg0')).toStrictEqual(['10.7.0.1/24'])
    }
    // The encrypted packets keep to the namespace in which it was made.
    expect(await blue.run('ss', '-Hlun')).toContain(':51820')
    expect(await red.run('ss', '-Hlun')).not.toContain(':51820')

    // Made once, used from then on, wherever it is.
    const again = await wg.createDevice('wg0', {
      ifExists: 'use',
      moveTo: red.pid,
      config: { firewallMark: 9 },
      addresses: ['10.7.0.1/24'],
    })
    expect(again).toMatchObject({ created: false, netns: red.pid })
    await device.delete()
    expect(await red.links()).toStrictEqual([])
    // Those that the client keeps for the next call.
    expect(openDescriptors()).toBeLessThanOrEqual(before + 3)
  })

  it.each<[string, object, object]>([
    ['its name is taken there', {}, { code: 'EEXIST' }],
    ['a step fails there', { addresses: ['10.7.0.1/24', '10.7.0.1/24'] }, { code: 'EEXIST' }],
  ])('remains in neither of them when %s', async (title, options, error) => {
    const isTaken = title.includes('taken')
    if (isTaken) await red.run('ip', 'link', 'add', 'wg0', 'type', 'dummy')
    const creating = wg.createDevice('wg0', { moveTo: red.pid, ...options })
    await expect(creating).rejects.toMatchObject(error)
    expect(await blue.links()).toStrictEqual([])
    expect(await red.links()).toStrictEqual(isTaken ? ['wg0'] : [])
  })

  it('disappears with its namespace, and can then be deleted without an error', async () => {
    const device = await wg.createDevice('wg0', { moveTo: red.pid })
    await red[Symbol.asyncDispose]()
    await expect(device.delete()).resolves.toBeUndefined()
  })

  it('takes precedence over a socket of the same name outside', async () => {
    await using directory = await temporaryDirectory()
    await using server = await UapiServer.listen({ name: 'wg0', directory: directory.path })
    await using inside = await WireGuard.open({
      netns: blue.pid,
      socketDirectory: directory.path,
    })
    await expect(inside.device('wg0')).rejects.toMatchObject({ code: 'ENODEV' })
    await using device = await inside.createDevice('wg0', { config: { firewallMark: 3 } })
    expect(await inside.device('wg0')).toMatchObject({ backend: 'kernel', firewallMark: 3 })
    expect(await inside.deviceNames()).toStrictEqual(['wg0'])
    await inside.configureDevice('wg0', { firewallMark: 4 })
    expect(server.device().firewallMark).toBe(0)
    await inside.deleteDevice(device.name)
    expect(await blue.links()).toStrictEqual([])
    expect(server.device().name).toBe('wg0')
  })

  it('is not created while a socket has its name and the two cannot be distinguished', async () => {
    await using directory = await temporaryDirectory()
    await using server = await UapiServer.listen({ name: 'wgsocket', directory: directory.path })
    await using outside = await WireGuard.open({ socketDirectory: directory.path })
    await expect(outside.createDevice(server.name)).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(outside.link(server.name)).rejects.toMatchObject({ code: 'ENODEV' })
  })

  it('is ENODEV once it was moved away while the client is open', async () => {
    await wg.createDevice('wg0', { up: true })
    expect(await wg.device('wg0')).toMatchObject({ name: 'wg0' })
    await blue.run('ip', 'link', 'set', 'wg0', 'netns', String(red.pid))
    const calls: readonly Promise<unknown>[] = [
      wg.device('wg0'),
      wg.configureDevice('wg0', { firewallMark: 1 }),
      wg.link('wg0'),
      wg.setLink('wg0', { up: true }),
      wg.addresses('wg0'),
      wg.addAddress('wg0', '10.7.0.1/24'),
      wg.deleteDevice('wg0'),
    ]
    const results = await Promise.allSettled(calls)
    expect(results).toStrictEqual(
      calls.map(() => ({
        status: 'rejected',
        reason: expect.objectContaining({ code: 'ENODEV' }),
      })),
    )
    expect(await red.links()).toStrictEqual(['wg0'])
  })
})
