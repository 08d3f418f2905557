import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Watcher, WatchEvent } from '../../src/index.js'
import { openTunnel, ping, type Tunnel } from './tunnel.js'

/**
 * How long a peer counts as connected here, ms: so short that silence shows soon, and longer than
 * an emulated machine takes for a read.
 */
const SHORT = { connectedFor: 10_000, grace: 1000 }

/** The event in one line. */
function lineOf(event: WatchEvent): string {
  switch (event.type) {
    case 'endpoint-changed':
      return `${event.type} ${event.after?.port} ${event.by}`
    case 'disconnected':
      return `${event.type} ${event.reason}`
    case 'device-renamed':
      return `${event.type} ${event.from}`
    case 'address-added':
    case 'address-removed':
      return `${event.type} ${event.address}`
    case 'error':
      return `${event.type} ${event.error.message}`
    default:
      return event.type
  }
}

/** Reads events until one of them is this. */
async function readUntil(watcher: Watcher, last: string): Promise<string[]> {
  const lines: string[] = []
  while (lines.at(-1) !== last) {
    const { value, done } = await watcher.next()
    if (done === true) throw new Error(`ended after ${lines.join(', ')}`)
    // The IPv6 address of a tun interface comes and goes with it.
    if (!/address-\w+ fe80:/.test(lineOf(value))) lines.push(lineOf(value))
  }
  return lines
}

/** The events of a real pair of interfaces. Needs what `openTunnel` needs. */
export function describeWatch(backend: 'kernel' | 'userspace'): void {
  describe(`a watch of a tunnel, ${backend}`, () => {
    let tunnel: Tunnel
    beforeEach(async () => {
      tunnel = await openTunnel(backend)
    }, 60_000)
    afterEach(async () => {
      await tunnel[Symbol.asyncDispose]()
    }, 60_000)

    it('tells how it connects, roams, falls silent, reconnects and ends', async () => {
      const { left, right } = tunnel
      const watcher = left.wg.watch({ interval: 50, ...SHORT })
      expect(await readUntil(watcher, 'peer-added')).toEqual([
        'device-added',
        'link-up',
        `address-added ${left.ip}/24`,
        'peer-added',
      ])
      expect(await ping(left.namespace, right.ip)).toBe(true)
      expect(await readUntil(watcher, 'connected')).toEqual(['handshake', 'connected'])
      await right.wg.configureDevice(right.name, { listenPort: 51_999 })
      expect(await ping(right.namespace, left.ip)).toBe(true)
      // Where a reply takes five seconds, WireGuard shakes hands once more.
      const once = async (last: string) =>
        (await readUntil(watcher, last)).filter((line) => line !== 'handshake')
      expect(await once('endpoint-changed 51999 roamed')).toHaveLength(1)
      expect(await once('disconnected age')).toHaveLength(1)
      // The other end forgets its session, as a program that starts again does.
      const peers = [
        { publicKey: left.publicKey, endpoint: left.endpoint, allowedIPs: [`${left.ip}/32`] },
      ]
      await right.wg.configureDevice(right.name, { replacePeers: true, peers })
      expect(await ping(right.namespace, left.ip)).toBe(true)
      expect(await readUntil(watcher, 'connected')).toEqual(['handshake', 'connected'])
      await left.wg.setLink(left.name, { up: false })
      expect(await readUntil(watcher, 'link-down')).toEqual(['disconnected link-down', 'link-down'])
      if (backend === 'kernel') {
        await left.namespace.ip(`link set dev ${left.name} name renamed0`)
        expect(await readUntil(watcher, `device-renamed ${left.name}`)).toHaveLength(1)
        expect(watcher.snapshot('renamed0')?.peers).toHaveLength(1)
        await left.namespace.ip(`link set dev renamed0 name ${left.name}`)
        await readUntil(watcher, 'device-renamed renamed0')
      }
      await left.wg.deleteDevice(left.name, { idleTimeout: 20_000 })
      expect((await readUntil(watcher, 'device-removed')).at(-1)).toBe('device-removed')
    }, 120_000)

    it('tells an interface that was deleted and made again, or moved away', async () => {
      const { left, right } = tunnel
      const watcher = left.wg.watch({ interval: 10_000 })
      await readUntil(watcher, 'peer-added')
      await left.wg.deleteDevice(left.name, { idleTimeout: 20_000 })
      await left.wg.createDevice(left.name, { backend, idleTimeout: 20_000 })
      // The kernel tells at once, long before the interval is over.
      const lines = await readUntil(watcher, 'device-added')
      expect(lines.slice(-2)).toEqual(['device-removed', 'device-added'])
      await left.namespace.ip(`link set dev ${left.name} netns ${right.namespace.pid}`)
      expect((await readUntil(watcher, 'device-removed')).at(-1)).toBe('device-removed')
      await right.wg.deleteDevice(left.name, { idleTimeout: 20_000 })
    }, 120_000)
  })
}
