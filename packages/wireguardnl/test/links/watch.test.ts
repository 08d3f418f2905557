import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { constants } from 'node:os'
import { caught } from '../../../../test-fixtures/caught.js'
import { FakeKernel } from '../../../../test-fixtures/fakes/kernel.js'
import { FakeSystem } from '../../../../test-fixtures/fakes/system.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { openDescriptors } from '../../../../test-fixtures/process.js'
import { describeWith } from '../../../../test-fixtures/require.js'
import { NetlinkLinks } from '../../src/links/links.js'
import type { LinkEvent } from '../../src/links/watch.js'
import { type Namespace, openNamespace } from '../../src/namespace/namespace.js'
import { syscallError } from '../../src/netlink/errors.js'
import { encodeMessage } from '../../src/netlink/message.js'
import type { Socket } from '../../src/netlink/socket.js'
import { RTM_DELLINK } from '../../src/route/constants.js'
import { type Kernel, kernelIn, kernelOf } from '../../src/wireguard/kernel.js'
import { canMakeLinks } from '../support/requirements.js'
import { addVeth } from '../support/temporary-link.js'

/** The event in one line. */
function describeEvent(event: LinkEvent): string {
  switch (event.type) {
    case 'state':
      return `state ${event.links.map(({ name }) => name).join(' ')}`
    case 'link-changed': {
      const { link, before } = event
      const changes = (['name', 'up', 'mtu'] as const).filter((key) => link[key] !== before[key])
      return `link-changed ${before.name} ${changes.map((key) => `${key}=${link[key]}`).join(' ')}`
    }
    case 'address-added':
    case 'address-removed':
      return `${event.type} ${event.link.name} ${event.address}`
    case 'resync':
      return `resync ${event.missed}`
    default:
      return `${event.type} ${event.link.name}`
  }
}

/** Reads events until one of them is this. */
async function readUntil(
  events: AsyncIterator<LinkEvent, void, undefined>,
  last: string,
): Promise<string[]> {
  const lines: string[] = []
  while (lines.at(-1) !== last) {
    const { value, done } = await events.next()
    if (done === true) throw new Error(`ended after ${lines.join(', ')}`)
    lines.push(describeEvent(value))
  }
  return lines
}

describeWith(canMakeLinks, 'a watch of the links of a real kernel', () => {
  let space: TestNamespace
  let namespace: Namespace
  let links: NetlinkLinks
  const watch = (kernel: Kernel = kernelOf(kernelIn(namespace))) => {
    links = new NetlinkLinks(kernel)
    return links.watch({ interval: 1 })
  }

  beforeEach(async () => {
    space = await TestNamespace.create()
    namespace = openNamespace(space.path)
  })
  afterEach(async () => {
    await links.close()
    namespace.close()
    await space[Symbol.asyncDispose]()
  })

  it('yields what is there, and every change in order', async () => {
    await space.ip('tuntap add dev t0 mode tun', 'address add 10.7.0.1/24 dev t0')
    const events = watch()
    expect(await events.next()).toMatchObject({
      value: { links: [{ name: 'lo' }, { name: 't0', kind: 'tun', addresses: ['10.7.0.1/24'] }] },
    })
    await space.ip(
      'tuntap add dev t1 mode tun',
      'link set dev t1 mtu 1400',
      'address add 10.7.1.1/24 dev t1',
      'address add 10.7.1.2/32 dev t1',
      'address delete 10.7.1.1/24 dev t1',
      'link set dev t1 name t2',
      'link set dev t2 alias x',
      'link delete dev t2',
      'link delete dev t0',
    )
    expect(await readUntil(events, 'link-removed t0')).toEqual([
      'link-added t1',
      'link-changed t1 mtu=1400',
      'address-added t1 10.7.1.1/24',
      'address-added t1 10.7.1.2/32',
      'address-removed t1 10.7.1.1/24',
      'link-changed t1 name=t2',
      'address-removed t2 10.7.1.2/32',
      'link-removed t2',
      'address-removed t0 10.7.0.1/24',
      'link-removed t0',
    ])
  })

  it('tells an interface that was made again from the one before, and one that moved', async () => {
    await using other = await TestNamespace.create()
    await space.ip('tuntap add dev t0 mode tun')
    const events = watch()
    const [first] = await readUntil(events, 'state lo t0')
    await space.ip(
      'link delete dev t0',
      'tuntap add dev t0 mode tun',
      `link set t0 netns ${other.pid}`,
    )
    await space.ip('link set dev lo up')
    const lines = await readUntil(events, 'address-added lo ::1/128')
    expect([first, ...lines.filter((line) => line.includes('t0'))]).toEqual([
      'state lo t0',
      'link-removed t0',
      'link-added t0',
      'link-removed t0',
    ])
    expect(lines).toEqual(expect.arrayContaining(['link-changed lo up=true']))
  })

  it('goes on in a namespace that has no process any more', async () => {
    const events = watch()
    await readUntil(events, 'state lo')
    await space[Symbol.asyncDispose]()
    await addVeth(kernelIn(namespace), 'v0')
    expect(await readUntil(events, 'link-added v0')).toContain('link-added v0')
    await events.return()
  })

  it('keeps links out that leave a bridge', async () => {
    await space.ip('link add br0 type bridge', 'tuntap add dev t0 mode tap', 'link set dev t0 up')
    const events = watch()
    await readUntil(events, 'state lo br0 t0')
    await space.ip('link set dev t0 master br0', 'link set dev t0 nomaster', 'link delete dev br0')
    expect(await readUntil(events, 'link-removed br0')).not.toContain('link-removed t0')
  })

  it('reads everything again when the kernel dropped messages', async () => {
    await space.ip('tuntap add dev t0 mode tun')
    const kernel = kernelOf(kernelIn(namespace))
    const events = watch(kernel)
    await readUntil(events, 'state lo t0')
    // More than the receive buffer holds, while nobody reads.
    const many = Array.from({ length: 400 }, (_, i) => `link set dev t0 mtu ${1000 + i}`)
    await space.ip(...many, 'tuntap add dev t1 mode tun', 'link set dev t0 name t2')
    const lines = await readUntil(events, 'link-added t1')
    expect(lines).toContain('resync overrun')
    await space.ip('link delete dev t1', 'link delete dev t2')
    const rest = await readUntil(events, 'link-removed t2')
    expect([...lines, ...rest].filter((line) => line.includes('name='))).toEqual([
      expect.stringMatching(/^link-changed t0 name=t2/),
    ])
  })

  it('leaves nothing behind, however it ends', async () => {
    const before = openDescriptors()
    const controller = new AbortController()
    links = new NetlinkLinks(kernelIn(namespace))
    for await (const event of links.watch()) if (event.type === 'state') break
    const aborted = links.watch({ signal: controller.signal })
    await aborted.next()
    const next = aborted.next()
    controller.abort(new Error('enough'))
    expect(await caught(next)).toMatchObject({
      code: 'ABORT_ERR',
      operation: 'watch interfaces',
      cause: { message: 'enough' },
    })
    const closed = links.watch()
    await closed.next()
    const last = closed.next()
    await links.close()
    expect(await last).toEqual({ done: true, value: undefined })
    expect(openDescriptors()).toEqual(before)
  })
})

describe('a watch of the links of a fake kernel', () => {
  it.each([
    ['a buffer overrun', constants.errno.ENOBUFS],
    ['a datagram that cannot be read', Uint8Array.of(1, 2, 3)],
    ['a link without a name', message(RTM_DELLINK, new Uint8Array(16))],
  ])('reads everything again after %s', async (_, received) => {
    const { kernel, queue } = kernelWithQueue()
    await using links = new NetlinkLinks(kernel)
    const events = links.watch({ interval: 1 })
    expect(await readUntil(events, 'state lo')).toHaveLength(1)
    queue.push(received)
    expect(await readUntil(events, 'resync overrun')).toHaveLength(1)
  })

  it('subscribes before it reads, and reads again what changed meanwhile', async () => {
    const { kernel, queue } = kernelWithQueue()
    const dumps: number[] = []
    const open: Kernel['open'] = (protocol, groups) => {
      const socket = kernel.open(protocol, groups)
      if (groups !== undefined) return socket
      const send = (datagram: Uint8Array) => {
        dumps.push(datagram[4]!)
        // The kernel reports the state from before the dump.
        if (dumps.length === 1) queue.push(message(RTM_DELLINK, new Uint8Array(16)))
        FakeKernel.prototype.send.call(socket, datagram)
      }
      return Object.assign(socket, { send })
    }
    await using links = new NetlinkLinks(kernelWith(kernel, open))
    expect(await readUntil(links.watch(), 'state lo')).toEqual(['state lo'])
    expect(dumps).toEqual([18, 22, 18, 22])
  })

  it('ends with an error that is none of these', async () => {
    const { kernel, queue } = kernelWithQueue()
    queue.push(constants.errno.EIO)
    await using links = new NetlinkLinks(kernel)
    expect(await caught(links.watch().next())).toMatchObject({
      code: 'EIO',
      operation: 'watch interfaces',
    })
  })

  it.each([
    [{ interval: 0 }, 'interval'],
    [{ interval: 'x' }, 'interval'],
    [{ intervals: 1 }, 'intervals'],
    [{ signal: 1 }, 'signal'],
  ])('refuses the options %j', async (options, name) => {
    await using links = new NetlinkLinks(new FakeSystem().kernel)
    const error = await caught(links.watch(JSON.parse(JSON.stringify(options))).next())
    expect(error).toMatchObject({ code: 'EINVAL', message: expect.stringContaining(name) })
  })
})

/** A kernel whose sockets are opened in another way. */
function kernelWith(kernel: Kernel, open: Kernel['open']): Kernel {
  return { ...kernel, open }
}

function message(type: number, payload: Uint8Array): Uint8Array {
  return encodeMessage({ type, flags: 0, sequence: 0 }, payload)
}

/** A kernel whose multicast socket receives what is in the queue: a datagram, or an errno. */
function kernelWithQueue(): { readonly kernel: Kernel; readonly queue: (Uint8Array | number)[] } {
  const { kernel } = new FakeSystem()
  const queue: (Uint8Array | number)[] = []
  const receive = () => {
    const next = queue.shift()
    if (typeof next === 'number') throw syscallError(next, 'receive')
    return next
  }
  const open = (protocol: number, groups?: readonly number[]): Socket =>
    groups === undefined
      ? kernel.open(protocol)
      : Object.assign(new FakeKernel(() => []), { receive })
  return { kernel: kernelWith(kernel, open), queue }
}
