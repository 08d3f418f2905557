import { afterAll, expect, it } from '@jest/globals'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { isWireGuardError, SecretKey } from 'wireguardcfg'
import { type CheckedPeerConfig, markChecked } from 'wireguardcfg/backend'
import { caught } from '../../../../test-fixtures/caught.js'
import { openDescriptors } from '../../../../test-fixtures/process.js'
import { describeWith, hasKernelWireGuard, hasWg } from '../../../../test-fixtures/require.js'
import type { Socket } from '../../src/netlink/socket.js'
import { turns, until } from '../../../../test-fixtures/wait.js'
import { NetlinkClient } from '../../src/wireguard/client.js'
import { runningKernel } from '../../src/wireguard/kernel.js'
import { addInterface, closeAttic, run, untilDeleting } from '../support/kernel-device.js'
import { allowedIPsOf, publicKeyOf } from '../../../../test-fixtures/sample.js'

function peers(count: number, more: Partial<CheckedPeerConfig> = {}): CheckedPeerConfig[] {
  return Array.from({ length: count }, (_, i) => ({ publicKey: publicKeyOf(i + 1), ...more }))
}

/** Peers of which 18 fill a message, and 36 a datagram of a dump. */
function large(count: number): CheckedPeerConfig[] {
  return peers(count).map((peer, i) => ({ ...peer, allowedIPs: allowedIPsOf(i, 26) }))
}

/** One message, and two datagrams of a dump. */
function keepalives(persistentKeepalive: number) {
  return markChecked({ peers: peers(250, { persistentKeepalive }) })
}

/** The running kernel, with something that happens before each SET. */
function interruptedKernel(beforeSet: (set: number) => void) {
  let sets = 0
  return {
    ...runningKernel,
    open(protocol: number): Socket {
      const socket = runningKernel.open(protocol)
      return {
        portId: socket.portId,
        send: (datagram) => socket.send(datagram),
        sendAsync(datagram) {
          beforeSet(++sets)
          return socket.sendAsync(datagram)
        },
        receive: () => socket.receive(),
        receiveAsync: () => socket.receiveAsync(),
        close: () => socket.close(),
      }
    },
  }
}

/**
 * `ip link delete`, in the background: it does not end while a dump of the interface is unfinished.
 */
function deleteInBackground(name: string): Promise<unknown[]> {
  return once(spawn('ip', ['link', 'delete', name], { stdio: 'ignore' }), 'exit')
}

describeWith([hasKernelWireGuard, hasWg], 'a real kernel', () => {
  afterAll(closeAttic)

  it('keeps the port that port 0 chose over several messages', async () => {
    await using device = await addInterface('wgport')
    await using client = new NetlinkClient()
    await run('ip', 'link', 'set', device.name, 'up')
    await client.configureDevice(device.name, { listenPort: 0 })
    const { listenPort } = await client.device(device.name)
    expect(listenPort).toBeGreaterThan(0)
    await client.configureDevice(device.name, { listenPort: 0, peers: large(60) })
    const after = await client.device(device.name)
    expect(after.listenPort).not.toBe(listenPort)
    expect(after.peers).toHaveLength(60)
    await run('wg', 'set', device.name, 'listen-port', String(after.listenPort))
  })

  it('gives the same device when it is configured twice', async () => {
    await using device = await addInterface('wgtwice')
    await using client = new NetlinkClient()
    const config = markChecked({
      privateKey: SecretKey.generatePrivate(),
      listenPort: 51999,
      replacePeers: true,
      peers: large(60).map((peer) => ({ ...peer, replaceAllowedIPs: true })),
    })
    await client.configureDevice(device.name, config)
    const first = await client.device(device.name)
    await client.configureDevice(device.name, config)
    expect(await client.device(device.name)).toEqual(first)
  })

  it('reports a port conflict, and keeps what was applied before', async () => {
    await using one = await addInterface('wgone')
    await using two = await addInterface('wgtwo')
    await using client = new NetlinkClient()
    for (const { name } of [one, two]) await run('ip', 'link', 'set', name, 'up')
    await client.configureDevice(one.name, { listenPort: 51777 })
    expect(
      await caught(client.configureDevice(two.name, { listenPort: 51777, firewallMark: 5 })),
    ).toMatchObject({ code: 'EADDRINUSE', path: 'listenPort', device: two.name, applied: 0 })
    expect((await client.device(two.name)).firewallMark).toBe(5)
  })

  it('removes single allowed IPs of one peer and no other', async () => {
    await using device = await addInterface('wgremove')
    await using client = new NetlinkClient()
    await client.configureDevice(device.name, {
      peers: [
        { publicKey: publicKeyOf(1), allowedIPs: ['10.0.0.0/8', '10.1.0.0/16', 'fd00::/64'] },
        { publicKey: publicKeyOf(2), allowedIPs: ['10.2.0.0/16'] },
      ],
    })
    await client.configureDevice(device.name, {
      peers: [
        {
          publicKey: publicKeyOf(1),
          removeAllowedIPs: ['10.1.0.0/16', '10.2.0.0/16', 'fd00::/64'],
        },
      ],
    })
    const after = await client.device(device.name)
    expect(after.peers.map((peer) => peer.allowedIPs)).toEqual([['10.0.0.0/8'], ['10.2.0.0/16']])
  })

  it('distinguishes an absent interface from one that is not WireGuard', async () => {
    await using client = new NetlinkClient()
    expect(await caught(client.device('wgnone'))).toMatchObject({ code: 'ENODEV' })
    expect(await caught(client.device('lo'))).toMatchObject({ code: 'EOPNOTSUPP' })
    expect(await caught(client.configureDevice('wgnone', {}))).toMatchObject({ code: 'ENODEV' })
    expect(await caught(client.configureDevice('lo', {}))).toMatchObject({ code: 'EOPNOTSUPP' })
    expect(await client.deviceNames()).toEqual([])
  })

  it('lists its WireGuard interfaces', async () => {
    await using client = new NetlinkClient()
    await using dummy = await addInterface('wgdummy', { kind: 'dummy' })
    await using a = await addInterface('wga')
    await using b = await addInterface('wgb')
    const names = await client.deviceNames()
    expect(names).toEqual([a.name, b.name])
    expect(names).not.toContain(dummy.name)
  })

  it('reports how much was applied when the interface is deleted between two messages', async () => {
    await using device = await addInterface('wghalf')
    const kernel = interruptedKernel((set) => {
      if (set === 3) spawnSync('ip', ['link', 'delete', device.name])
    })
    await using client = new NetlinkClient(kernel)
    const error = await caught(
      client.configureDevice(device.name, markChecked({ peers: large(100) })),
    )
    expect(error).toMatchObject({ code: 'ENODEV', device: device.name })
    expect(error.applied).toBeGreaterThan(10)
    expect(error.applied).toBeLessThan(100)
  })

  it('does not configure another interface that gets the name during the write', async () => {
    await using device = await addInterface('wgsame')
    const kernel = interruptedKernel((set) => {
      if (set !== 2) return
      spawnSync('ip', ['link', 'delete', device.name])
      spawnSync('ip', ['link', 'add', device.name, 'type', 'wireguard'])
    })
    await using client = new NetlinkClient(kernel)
    const config = markChecked({ peers: large(100) })
    expect(await caught(client.configureDevice(device.name, config))).toMatchObject({
      code: 'ENODEV',
    })
    expect((await client.device(device.name)).peers).toEqual([])
  })

  it('ends a dump when its interface is deleted, and the interface no longer exists', async () => {
    await using device = await addInterface('wgdump')
    await using client = new NetlinkClient()
    await client.configureDevice(device.name, markChecked({ peers: large(100) }))
    const batches = client.peerBatches(device.name)
    await batches.next()
    const deleted = deleteInBackground(device.name)
    await untilDeleting(device.name)
    // Reads the rest: the kernel notices the removal, or has all of it queued.
    let rest = 0
    for await (const batch of batches) rest += batch.length
    expect(rest).toBeLessThan(100)
    expect(await deleted).toEqual([0, null])
    expect(await caught(client.device(device.name))).toMatchObject({ code: 'ENODEV' })
  })

  it('closes the socket of a stalled dump, so that the interface can be deleted', async () => {
    await using device = await addInterface('wgstall')
    await using client = new NetlinkClient()
    await client.configureDevice(device.name, markChecked({ peers: large(100) }))
    const batches = client.peerBatches(device.name, { idleTimeout: 1000 })
    await batches.next()
    // The next batch is requested only after the interface is deleted.
    expect(await deleteInBackground(device.name)).toEqual([0, null])
    expect(await caught(batches.next())).toMatchObject({ code: 'ETIMEDOUT', device: device.name })
  })

  it('reads a device consistently while it is written, or fails with EAGAIN', async () => {
    await using device = await addInterface('wgrace')
    await using writer = new NetlinkClient()
    await using reader = new NetlinkClient()
    await writer.configureDevice(device.name, keepalives(1))
    let attempts = 0
    const over = new AbortController()
    const isOver = () => over.signal.aborted
    const write = (async () => {
      // One message each, which the kernel applies as a whole; the dump takes several.
      for (let i = 2; !isOver(); i++) {
        await writer.configureDevice(device.name, keepalives(i))
        const before = attempts
        await until(() => isOver() || attempts > before, 'another read has begun')
      }
    })()
    try {
      for (let reads = 0; reads < 200; attempts++) {
        try {
          const { peers: read } = await reader.device(device.name)
          expect(read).toHaveLength(250)
          expect(new Set(read.map((peer) => peer.persistentKeepalive)).size).toBe(1)
          reads++
        } catch (error) {
          if (!isWireGuardError(error)) throw error
          expect(error.code).toBe('EAGAIN')
        }
      }
    } finally {
      over.abort()
      await write
    }
  })

  it('lets another device be read while 10,000 peers are added', async () => {
    await using big = await addInterface('wgbig', { peers: 10_000 })
    await using small = await addInterface('wgsmall')
    let reads = 0
    let ticks = 0
    // How many there were before each message.
    const readsBefore = new Set<number>()
    const ticksBefore = new Set<number>()
    const kernel = interruptedKernel(() => {
      readsBefore.add(reads)
      ticksBefore.add(ticks)
    })
    await using client = new NetlinkClient(kernel)
    await client.configureDevice(small.name, { peers: peers(3) })
    // With a key of its own, the kernel computes a curve25519 for every peer.
    const privateKey = SecretKey.generatePrivate()
    const written = new AbortController()
    const ticker = setInterval(() => ticks++, 1)
    const write = client
      .configureDevice(big.name, markChecked({ privateKey, peers: peers(10_000) }))
      .finally(() => written.abort())
    while (!written.signal.aborted) {
      expect((await client.device(small.name)).peers).toHaveLength(3)
      reads++
      await turns()
    }
    await write
    clearInterval(ticker)
    // Twenty-five messages; between two of them both the reader and the timers have their turn.
    expect(readsBefore.size).toBeGreaterThan(15)
    expect(ticksBefore.size).toBeGreaterThan(15)
    expect((await client.device(big.name)).peers).toHaveLength(10_000)
  })

  it('opens and closes 500 clients without a descriptor left', async () => {
    await using device = await addInterface('wgleak')
    const open = async () => {
      await using client = new NetlinkClient()
      await client.device(device.name)
      await client.deviceNames()
    }
    await open()
    const before = openDescriptors()
    for (let i = 0; i < 500; i++) await open()
    expect(openDescriptors()).toBe(before)
  })

  it('answers 64 calls at once on one client', async () => {
    await using one = await addInterface('wgmany0')
    await using two = await addInterface('wgmany1')
    await using client = new NetlinkClient()
    const calls = Array.from({ length: 64 }, (_, i) =>
      i % 4 === 3
        ? client.configureDevice(two.name, {
            peers: [{ publicKey: publicKeyOf(i + 1), allowedIPs: allowedIPsOf(i, 2) }],
          })
        : client.device(i % 2 === 0 ? one.name : two.name),
    )
    await Promise.all(calls)
    const { peers: added } = await client.device(two.name)
    expect(added.map(({ publicKey }) => publicKey)).toEqual(
      Array.from({ length: 16 }, (_, i) => publicKeyOf(4 * i + 4)),
    )
  })
})
