import { afterEach, expect, it } from '@jest/globals'
import { type CheckedPeerConfig, markChecked } from 'wireguardcfg/backend'
import { runCommand } from '../../../../test-fixtures/command.js'
import { isKernelSince } from '../../../../test-fixtures/kernel-release.js'
import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { kernelCapabilities } from '../../src/capabilities.js'
import { NetlinkLinks } from '../../src/links/links.js'
import { Connection } from '../../src/netlink/connection.js'
import { NETLINK_GENERIC } from '../../src/netlink/constants.js'
import type { Socket } from '../../src/netlink/socket.js'
import { NetlinkClient } from '../../src/wireguard/client.js'
import { type Kernel, runningKernel } from '../../src/wireguard/kernel.js'
import { encodeGetDevice } from '../../src/wireguard/dump/read.js'
import { caught } from '../../../../test-fixtures/caught.js'
import { addInterface, run, untilDeleting } from '../support/kernel-device.js'
import { openDescriptors, withoutPrivileges } from '../../../../test-fixtures/process.js'
import { allowedIPsOf, publicKeyOf } from '../../../../test-fixtures/sample.js'

/**
 * Peers whose dump takes four datagrams. Few, because the kernel takes long to delete each of them
 * in an emulated machine.
 */
const PEERS: CheckedPeerConfig[] = Array.from({ length: 20 }, (_, i) => ({
  publicKey: publicKeyOf(i + 1),
  allowedIPs: allowedIPsOf(i, 200),
}))

// The kernel takes its time for the remains of earlier interfaces, where it is emulated.
const PATIENTLY = { idleTimeout: 60_000 }

/**
 * The running kernel, with something that happens when the n-th datagram of WireGuard is received.
 */
function kernelThat(at: number, happens: () => void): Kernel {
  let received = 0
  return {
    ...runningKernel,
    open(protocol): Socket {
      const socket = runningKernel.open(protocol)
      if (protocol !== NETLINK_GENERIC) return socket
      return {
        portId: socket.portId,
        send: (datagram) => socket.send(datagram),
        sendAsync: (datagram) => socket.sendAsync(datagram),
        receive() {
          const datagram = socket.receive()
          if (datagram !== undefined && ++received === at) happens()
          return datagram
        },
        receiveAsync: () => socket.receiveAsync(),
        close: () => socket.close(),
      }
    },
  }
}

describeWith(hasKernelWireGuard, 'interfaces of a real kernel', () => {
  const made: string[] = []
  /** A name that is free, and is deleted after the test. */
  const name = (text: string): string => {
    made.push(text)
    return text
  }
  afterEach(async () => {
    for (const each of made.splice(0)) await runCommand(['ip', 'link', 'delete', each])
  })

  it('are created down, changed, addressed, brought up and deleted', async () => {
    await using links = new NetlinkLinks()
    const wg = name('wglife')
    await links.createLink(wg)
    const made1 = await links.link(wg)
    expect(made1).toEqual({
      name: wg,
      index: expect.any(Number),
      kind: 'wireguard',
      up: false,
      mtu: 1420,
    })
    await links.setLink(wg, { mtu: 1380, up: true })
    expect(await links.link(wg)).toEqual({ ...made1, mtu: 1380, up: true })
    await links.addAddress(wg, '10.7.0.1/24')
    await links.addAddress(wg, 'FD00:0::1/64')
    await links.addAddress(wg, '10.9.9.9')
    expect(await links.addresses(wg)).toEqual(['10.7.0.1/24', '10.9.9.9/32', 'fd00::1/64'])
    const shown = await run('ip', '-oneline', 'address', 'show', 'dev', wg)
    expect(shown.match(/inet6? \S+/g)).toEqual([
      'inet 10.7.0.1/24',
      'inet 10.9.9.9/32',
      'inet6 fd00::1/64',
    ])
    await links.removeAddress(wg, '10.7.0.1/24')
    expect(await links.addresses(wg)).toEqual(['10.9.9.9/32', 'fd00::1/64'])
    await links.setLink(wg, { up: false })
    expect((await links.link(wg)).up).toBe(false)
    await links.deleteLink(wg)
    expect(await caught(links.link(wg))).toMatchObject({ code: 'ENODEV', device: wg })
  })

  it('can be created up and with an MTU', async () => {
    await using links = new NetlinkLinks()
    await links.createLink(name('wgup'), { up: true, mtu: 1280 })
    expect(await links.link('wgup')).toMatchObject({ up: true, mtu: 1280 })
  })

  it('are not created twice', async () => {
    await using links = new NetlinkLinks()
    await links.createLink(name('wgtwice'))
    const { index } = await links.link('wgtwice')
    expect(await caught(links.createLink('wgtwice'))).toMatchObject({
      code: 'EEXIST',
      device: 'wgtwice',
      operation: 'create interface',
      detail: 'an interface of kind "wireguard"',
    })
    expect((await links.link('wgtwice')).index).toBe(index)
  })

  it.each(['dummy', 'veth'])(
    'are not created in place of one of kind %s, and do not delete it',
    async (kind) => {
      await using links = new NetlinkLinks()
      await using other = await addInterface('wgother', { kind })
      const before = await links.link(other.name)
      expect(await caught(links.createLink(other.name, { up: true, mtu: 1300 }))).toMatchObject({
        code: 'EEXIST',
        detail: `an interface of kind "${kind}"`,
      })
      expect(await caught(links.deleteLink(other.name))).toMatchObject({
        code: 'EOPNOTSUPP',
        detail: `an interface of kind "${kind}"`,
      })
      expect(await links.link(other.name)).toEqual(before)
    },
  )

  it('do not delete lo or an absent interface', async () => {
    await using links = new NetlinkLinks()
    expect(await caught(links.deleteLink('lo'))).toMatchObject({ code: 'EOPNOTSUPP' })
    expect(await links.link('lo')).toMatchObject({ index: 1 })
    expect(await caught(links.deleteLink('wgnone'))).toMatchObject({ code: 'ENODEV' })
  })

  it('have names of at most 15 bytes', async () => {
    await using links = new NetlinkLinks()
    const longest = name('wg3456789012345')
    await links.createLink(longest)
    expect((await links.link(longest)).name).toBe(longest)
    await links.deleteLink(longest)
    expect(await caught(links.createLink('wg34567890123456'))).toMatchObject({ code: 'EINVAL' })
    expect(await caught(links.createLink('wg%d'))).toMatchObject({ code: 'EINVAL' })
    expect(await run('ip', 'link')).not.toContain('wg')
  })

  it('are not created with an MTU that the kernel refuses', async () => {
    await using links = new NetlinkLinks()
    const mtu = 2 ** 31 - 1
    const refused = { code: 'EINVAL', path: 'mtu', detail: 'mtu greater than device maximum' }
    expect(await caught(links.createLink(name('wgmtu'), { mtu }))).toMatchObject(refused)
    expect(await caught(links.link('wgmtu'))).toMatchObject({ code: 'ENODEV' })
    await links.createLink('wgmtu')
    expect(await caught(links.setLink('wgmtu', { mtu }))).toMatchObject(refused)
    expect(await links.link('wgmtu')).toMatchObject({ mtu: 1420 })
  })

  it('report why an address cannot be added or removed', async () => {
    await using links = new NetlinkLinks()
    const wg = name('wgaddr')
    await links.createLink(wg)
    await links.addAddress(wg, '10.7.0.1/24')
    await links.addAddress(wg, 'fd00::1/64')
    for (const text of ['10.7.0.1/24', 'fd00::1/64']) {
      expect(await caught(links.addAddress(wg, text))).toMatchObject({ code: 'EEXIST', device: wg })
    }
    expect(await caught(links.removeAddress(wg, '10.7.0.1'))).toMatchObject({
      code: 'EADDRNOTAVAIL',
      detail: '10.7.0.1/32',
      hint: expect.stringContaining('10.7.0.1/24'),
    })
    expect(await links.addresses(wg)).toEqual(['10.7.0.1/24', 'fd00::1/64'])
    await run('sysctl', '-qw', `net.ipv6.conf.${wg}.disable_ipv6=1`)
    expect(await caught(links.addAddress(wg, 'fd00::2/64'))).toMatchObject({
      code: 'EACCES',
      hint: expect.stringContaining(`net.ipv6.conf.${wg}.disable_ipv6=0`),
    })
    expect(await links.addresses(wg)).toEqual(['10.7.0.1/24'])
  })

  it('do not go up while their port is in use', async () => {
    await using links = new NetlinkLinks()
    await using client = new NetlinkClient()
    for (const each of ['wgport0', 'wgport1']) {
      await links.createLink(name(each))
      await client.configureDevice(each, { listenPort: 51666 })
    }
    await links.setLink('wgport0', { up: true })
    expect(await caught(links.setLink('wgport1', { up: true }))).toMatchObject({
      code: 'EADDRINUSE',
      device: 'wgport1',
      hint: expect.stringContaining('listenPort'),
    })
    expect((await links.link('wgport1')).up).toBe(false)
  })

  it('are deleted during a read of them by the same process', async () => {
    await using links = new NetlinkLinks()
    let deleted: Promise<void> | undefined
    const kernel = kernelThat(2, () => (deleted = links.deleteLink('wgread')))
    await using client = new NetlinkClient(kernel)
    await using writer = new NetlinkClient()
    await links.createLink(name('wgread'))
    await writer.configureDevice('wgread', markChecked({ peers: PEERS }))
    const read = await client.device('wgread', { idleTimeout: 0 }).then(
      (device) => device.peers.length,
      (error: { readonly code: string }) => error.code,
    )
    expect([PEERS.length, 'ENODEV']).toContain(read)
    expect(deleted).toBeDefined()
    await deleted
    expect(await caught(links.link('wgread'))).toMatchObject({ code: 'ENODEV' })
  })

  it('are deleted while a stream of them is paused, which ends', async () => {
    await using links = new NetlinkLinks()
    await using client = new NetlinkClient()
    await using other = new NetlinkClient()
    for (const each of ['wgstream0', 'wgstream1']) {
      await links.createLink(name(each))
      await client.configureDevice(each, markChecked({ peers: PEERS }))
    }
    const doomed = other.peerBatches('wgstream0', { idleTimeout: 0 })
    const safe = client.peerBatches('wgstream1', { idleTimeout: 0 })
    await doomed.next()
    let rest = (await safe.next()).value!.length
    await links.deleteLink('wgstream0')
    expect(await caught(doomed.next())).toMatchObject({
      code: 'ENODEV',
      device: 'wgstream0',
      message: expect.stringContaining('deleted by this process'),
    })
    for await (const batch of safe) rest += batch.length
    expect(rest).toBe(PEERS.length)
    await links.createLink('wgstream0')
    expect(await other.device('wgstream0')).toMatchObject({ peers: [] })
    expect(await other.peerBatches('wgstream0').next()).toMatchObject({ done: true })
  })

  it('are deleted when a dump of another socket has ended, and the caller need not wait', async () => {
    const links = new NetlinkLinks()
    await using client = new NetlinkClient()
    await using other = new Connection(() => runningKernel.open(NETLINK_GENERIC))
    await links.createLink(name('wgheld'))
    await client.configureDevice('wgheld', markChecked({ peers: PEERS }))
    const family = await runningKernel.families.resolve(other, 'wireguard')
    const dump = other.messages(family, encodeGetDevice('wgheld'), { idleTimeout: 0 })
    await dump.next()
    const abort = new AbortController()
    const deletion = links.deleteLink('wgheld', { signal: abort.signal, idleTimeout: 0 })
    await untilDeleting('wgheld')
    abort.abort(new Error('enough'))
    expect(await caught(deletion)).toMatchObject({ code: 'ABORT_ERR', name: 'AbortError' })
    expect(await caught(links.deleteLink('wgheld', { idleTimeout: 300 }))).toMatchObject({
      code: expect.stringMatching(/^(ENODEV|ETIMEDOUT)$/),
    })
    // Other calls go on.
    expect(await links.link('lo')).toMatchObject({ index: 1 })
    await other.close()
    await links.close()
    await using after = new NetlinkLinks()
    expect(await caught(after.link('wgheld'))).toMatchObject({ code: 'ENODEV' })
  })

  it('cannot be created, changed or deleted without privileges, and can be read', async () => {
    await using links = new NetlinkLinks()
    const wg = name('wgpriv')
    await links.createLink(wg)
    await links.addAddress(wg, '10.7.0.1/24')
    await withoutPrivileges(async () => {
      await using weak = new NetlinkLinks()
      const refused = { code: 'EPERM', hint: expect.stringContaining('CAP_NET_ADMIN') }
      for (const call of [
        () => weak.createLink('wgpriv1'),
        () => weak.deleteLink(wg),
        () => weak.setLink(wg, { up: true }),
        () => weak.addAddress(wg, '10.7.0.2/24'),
        () => weak.removeAddress(wg, '10.7.0.1/24'),
        () => weak.moveLink(wg, process.pid),
      ]) {
        expect(await caught(call())).toMatchObject(refused)
      }
      expect(await weak.link(wg)).toMatchObject({ up: false })
      expect(await weak.addresses(wg)).toEqual(['10.7.0.1/24'])
      expect(await kernelCapabilities()).toMatchObject({
        kernel: { ok: true },
        read: { ok: false, reason: expect.stringContaining('CAP_NET_ADMIN') },
        create: { ok: false, reason: expect.stringContaining('CAP_NET_ADMIN') },
        namespaces: { ok: false, reason: expect.stringContaining('CAP_SYS_ADMIN') },
      })
    })
  })

  it('can all be created by root, which changes nothing', async () => {
    const before = await run('ip', 'link')
    expect(await kernelCapabilities()).toEqual({
      kernel: { ok: true },
      read: { ok: true },
      create: { ok: true },
      namespaces: { ok: true },
      removeAllowedIPs: isKernelSince(6, 16)
        ? { ok: true }
        : { ok: false, reason: expect.stringContaining('6.16') },
    })
    expect(await run('ip', 'link')).toBe(before)
  })

  it('are created and deleted 50 times without leaving a descriptor', async () => {
    const wg = name('wground')
    const round = async () => {
      await using links = new NetlinkLinks()
      await links.createLink(wg, {}, PATIENTLY)
      await links.addAddress(wg, '10.7.0.1/24', PATIENTLY)
      await links.setLink(wg, { up: true }, PATIENTLY)
      await links.deleteLink(wg, PATIENTLY)
    }
    await round()
    const before = openDescriptors()
    for (let i = 0; i < 50; i++) await round()
    expect(openDescriptors()).toBe(before)
    expect(await run('ip', 'link')).not.toContain(wg)
  })
})
