import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { describeWith } from '../../../../test-fixtures/require.js'
import { NetlinkLinks } from '../../src/links/links.js'
import { type Namespace, openNamespace } from '../../src/namespace/namespace.js'
import { AttributeWriter } from '../../src/netlink/attribute-writer.js'
import { writerGate } from '../../src/netlink/writer-gate.js'
import { NetlinkClient } from '../../src/wireguard/client.js'
import { kernelIn, kernelOf, type KernelHandle } from '../../src/wireguard/kernel.js'
import { caught } from '../../../../test-fixtures/caught.js'
import { ack, errorAck, type FakeRequest } from '../../../../test-fixtures/fakes/kernel.js'
import { EPERM, FakeSystem } from '../../../../test-fixtures/fakes/system.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { openDescriptors, withoutPrivileges } from '../../../../test-fixtures/process.js'
import { turns, until } from '../../../../test-fixtures/wait.js'
import { canMakeLinks } from '../support/requirements.js'
import { addVeth } from '../support/temporary-link.js'
import { allowedIPsOf, publicKeyOf } from '../../../../test-fixtures/sample.js'

const RTM_NEWLINK = 16
const RTM_DELLINK = 17

/** A kernel that answers this to changes, with this text. */
function refusing(errno: number, text?: string): FakeSystem {
  const attributes = text === undefined ? undefined : new AttributeWriter().string(1, text).bytes()
  const system = new FakeSystem({
    answer: (request: FakeRequest, usual) =>
      [RTM_NEWLINK, RTM_DELLINK, 19, 20, 21].includes(request.type)
        ? [errorAck(request, errno, attributes)]
        : usual(),
  })
  system.add('wg0')
  return system
}

type Call = (links: NetlinkLinks) => Promise<unknown>
const CREATE: Call = (links) => links.createLink('wg1')
const UP: Call = (links) => links.setLink('wg0', { up: true })
const DELETE: Call = (links) => links.deleteLink('wg0')
const MOVE: Call = (links) => links.moveLink('wg0', process.pid)
const ADD: Call = (links) => links.addAddress('wg0', 'fd00::1/64')

describe('what the kernel refuses', () => {
  it.each<[string, Call, number, string | undefined, object]>([
    [
      'a kind whose module is missing',
      CREATE,
      95,
      'Unknown device type',
      {
        code: 'EPROTONOSUPPORT',
        detail: 'Unknown device type',
        hint: expect.stringContaining('modprobe'),
        device: 'wg1',
      },
    ],
    [
      'an MTU',
      CREATE,
      22,
      'mtu less than device minimum',
      { code: 'EINVAL', path: 'mtu', detail: 'mtu less than device minimum' },
    ],
    [
      'another value',
      CREATE,
      22,
      undefined,
      { code: 'EINVAL', path: undefined, detail: undefined },
    ],
    ['a name that was free a moment ago', CREATE, 17, undefined, { code: 'EEXIST' }],
    [
      'to create',
      CREATE,
      EPERM,
      undefined,
      { code: 'EPERM', hint: expect.stringContaining('CAP_NET_ADMIN') },
    ],
    ['to delete', DELETE, EPERM, undefined, { code: 'EPERM', operation: 'delete interface' }],
    [
      'a port',
      UP,
      98,
      undefined,
      {
        code: 'EADDRINUSE',
        operation: 'change interface',
        hint: expect.stringContaining('listenPort'),
      },
    ],
    [
      'a name in the other namespace',
      MOVE,
      17,
      undefined,
      { code: 'EEXIST', operation: 'move interface' },
    ],
    [
      'to move',
      MOVE,
      EPERM,
      undefined,
      { code: 'EPERM', hint: expect.stringContaining('both network namespaces') },
    ],
    [
      'IPv6 on an interface',
      ADD,
      13,
      'IPv6 is disabled on this device',
      { code: 'EACCES', hint: expect.stringContaining('net.ipv6.conf.wg0.disable_ipv6=0') },
    ],
    [
      'IPv6',
      ADD,
      95,
      undefined,
      { code: 'EOPNOTSUPP', hint: expect.stringContaining('ipv6.disable') },
    ],
    [
      'for a reason of its own',
      UP,
      16,
      'busy now',
      { code: 'EBUSY', detail: 'busy now', hint: undefined },
    ],
  ])('%s', async (_, call, errno, text, expected) => {
    await using links = new NetlinkLinks(refusing(errno, text).kernel)
    const error = await caught(call(links))
    expect(error).toMatchObject({ name: 'WireGuardError', ...expected })
    expect(error.cause).toMatchObject({ name: 'NetlinkError', errno })
  })
})

describe('what is refused before the kernel is asked', () => {
  it.each<[string, Call]>([
    ['a name with a template in it', (links) => links.createLink('wg%d')],
    ['a name of 16 bytes', (links) => links.createLink('wg34567890123456')],
    ['an empty name', (links) => links.deleteLink('')],
    ['an MTU of zero', (links) => links.createLink('wg1', { mtu: 0 })],
    ['an MTU with a fraction', (links) => links.setLink('wg0', { mtu: 1420.5 })],
    ['an MTU that is a text', (links) => links.setLink('wg0', { mtu: '1420' as never })],
    ['an MTU of 32 bits', (links) => links.setLink('wg0', { mtu: 2 ** 31 })],
    ['up that is a text', (links) => links.setLink('wg0', { up: 'yes' as never })],
    ['what is no address', (links) => links.addAddress('wg0', '10.7.0.1/33')],
    ['what is no address, to remove', (links) => links.removeAddress('wg0', 'wg0')],
  ])('%s', async (_, call) => {
    const system = refusing(EPERM)
    await using links = new NetlinkLinks(system.kernel)
    expect(await caught(call(links))).toMatchObject({ code: 'EINVAL' })
    expect(system.sockets).toEqual([])
  })

  it('anything when the signal is aborted, or when it is closed', async () => {
    const system = refusing(EPERM)
    const links = new NetlinkLinks(system.kernel)
    const signal = AbortSignal.abort(new Error('enough'))
    for (const call of [
      links.createLink('wg1', {}, { signal }),
      links.deleteLink('wg0', { signal }),
      links.link('wg0', { signal }),
      links.setLink('wg0', { up: true }, { signal }),
      links.addresses('wg0', { signal }),
      links.addAddress('wg0', '10.7.0.1', { signal }),
      links.removeAddress('wg0', '10.7.0.1', { signal }),
      links.moveLink('wg0', process.pid, { signal }),
    ]) {
      expect(await caught(call)).toMatchObject({
        code: 'ABORT_ERR',
        name: 'AbortError',
        cause: expect.objectContaining({ message: 'enough' }),
      })
    }
    await links.close()
    await links.close()
    expect(await caught(links.link('wg0'))).toMatchObject({ code: 'EBADF' })
    expect(system.sockets).toEqual([])
  })
})

describe('a deletion', () => {
  it('ends the streams of the interface, and allows new ones afterwards', async () => {
    const system = new FakeSystem({
      answer: (request, usual) => (request.type === RTM_DELLINK ? [ack(request)] : usual()),
    })
    for (const name of ['wg0', 'wg1']) system.add(name)
    await using client = new NetlinkClient(system.kernel)
    await using links = new NetlinkLinks(system.kernel)
    for (const name of ['wg0', 'wg1']) {
      const peers = [1, 2].map((i) => ({
        publicKey: publicKeyOf(i),
        allowedIPs: allowedIPsOf(i, 200),
      }))
      await client.configureDevice(name, { peers })
    }
    const doomed = client.peerBatches('wg0')
    const safe = client.peerBatches('wg1')
    await Promise.all([doomed.next(), safe.next()])
    await links.deleteLink('wg0')
    expect(await caught(doomed.next())).toMatchObject({ code: 'ENODEV', device: 'wg0' })
    expect((await safe.next()).done).toBe(false)
    await safe.return()
    expect((await client.peerBatches('wg0').next()).done).toBe(false)
  })
})

/** A kernel whose deletions return when the test says so: a deletion waits for open dumps. */
function slowSystem(count: number) {
  const held = new Map<number, () => void>()
  let atOnce = 0
  let mostAtOnce = 0
  const system = new FakeSystem({
    answer: (request, usual) => (request.type === RTM_DELLINK ? [ack(request)] : usual()),
    beforeSend: async (datagram) => {
      // nlmsghdr, then ifinfomsg with the index.
      if (new DataView(datagram.buffer, datagram.byteOffset).getUint16(4, true) !== RTM_DELLINK)
        return
      const index = new DataView(datagram.buffer, datagram.byteOffset).getUint32(20, true)
      mostAtOnce = Math.max(mostAtOnce, ++atOnce)
      await turns()
      if (held.has(index)) await new Promise<void>((resolve) => held.set(index, resolve))
      atOnce--
    },
  })
  const names = Array.from({ length: count }, (_, i) => `wg${i}`)
  for (const name of names) system.add(name)
  return {
    system,
    names,
    mostAtOnce: () => mostAtOnce,
    /** Lets the deletion of these interfaces wait. Returns a function that ends the wait. */
    hold: (...indexes: number[]) => {
      for (const index of indexes) held.set(index, () => {})
      return () => {
        const waiting = indexes.map((index) => held.get(index)!)
        for (const index of indexes) held.delete(index)
        for (const resume of waiting) resume()
      }
    },
  }
}

describe('many deletions', () => {
  it('all succeed, two at a time, with a socket for each of these', async () => {
    const { system, names, mostAtOnce } = slowSystem(300)
    await using links = new NetlinkLinks(system.kernel)
    await Promise.all(names.map((name) => links.deleteLink(name)))
    expect(mostAtOnce()).toBe(2)
    const deleted = system.sockets.flatMap(({ requests }) =>
      requests.filter(({ type }) => type === RTM_DELLINK),
    )
    expect(deleted).toHaveLength(300)
  })

  it('go on beside one that is stuck, and a stuck one that is given up keeps its place', async () => {
    const { system, names, hold, mostAtOnce } = slowSystem(6)
    await using links = new NetlinkLinks(system.kernel)
    await using client = new NetlinkClient(system.kernel)
    // lo has the index 1.
    const letGo = hold(2, 3)
    const first = caught(links.deleteLink('wg0', { idleTimeout: 20 }))
    expect(await first).toMatchObject({
      code: 'ETIMEDOUT',
      device: 'wg0',
      detail: expect.stringContaining('"wg0"'),
    })
    await links.deleteLink('wg2')
    const second = new AbortController()
    const aborted = caught(links.deleteLink('wg1', { signal: second.signal }))
    await until(() => writerGate.running.length === 2, 'both are stuck')
    second.abort()
    expect(await aborted).toMatchObject({ code: 'ABORT_ERR' })
    // Both places are taken. Everything but deletions continues.
    for (const name of names.slice(3)) {
      expect(await caught(links.deleteLink(name, { idleTimeout: 20 }))).toMatchObject({
        code: 'ETIMEDOUT',
        device: name,
        detail: expect.stringMatching(/"wg0".*"wg1"/),
      })
    }
    expect(await client.device('wg3')).toMatchObject({ name: 'wg3' })
    await client.configureDevice('wg4', { listenPort: 5 })
    expect(await links.link('wg4')).toMatchObject({ name: 'wg4' })
    letGo()
    await links.deleteLink('wg4')
    expect(mostAtOnce()).toBe(2)
    expect(writerGate.running).toEqual([])
  })
})

describe('a kernel that does not answer', () => {
  it('is waited for until the idle timeout', async () => {
    const system = new FakeSystem({ answer: () => [] })
    await using links = new NetlinkLinks(system.kernel)
    const calls = [
      links.link('wg0', { idleTimeout: 20 }),
      links.deleteLink('wg0', { idleTimeout: 20 }),
      links.moveLink('wg0', process.pid, { idleTimeout: 20 }),
    ]
    const errors = await Promise.all(calls.map((call) => caught(call)))
    for (const error of errors) expect(error).toMatchObject({ code: 'ETIMEDOUT' })
    expect(system.sockets.every(({ closed }) => closed)).toBe(true)
  })

  it('is not waited for after close', async () => {
    const system = new FakeSystem({ answer: () => [] })
    const links = new NetlinkLinks(system.kernel)
    const calls = [links.link('wg0'), links.deleteLink('wg0'), links.moveLink('wg0', process.pid)]
    const errors = Promise.all(calls.map((call) => caught(call)))
    await links.close()
    for (const error of await errors) expect(error).toMatchObject({ code: 'ECANCELED' })
    expect(system.sockets.every(({ closed }) => closed)).toBe(true)
  })
})

describeWith(canMakeLinks, 'links of a namespace', () => {
  let held: TestNamespace
  let namespace: Namespace
  let kernel: KernelHandle
  let links: NetlinkLinks
  beforeAll(async () => {
    held = await TestNamespace.create()
    namespace = openNamespace(held.pid)
    kernel = kernelIn(namespace)
  })
  afterAll(async () => {
    namespace.close()
    await held[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    links = new NetlinkLinks(kernel)
    await addVeth(kernel, 'v0', 1400)
  })
  afterEach(async () => {
    await links.close()
    await held.ip('link delete v0')
  })

  it('are read', async () => {
    expect(await links.link('v0')).toEqual({
      name: 'v0',
      index: expect.any(Number),
      kind: 'veth',
      up: false,
      mtu: 1400,
    })
    expect(await links.link('lo')).toMatchObject({ index: 1, kind: undefined })
    expect(await caught(links.link('nope'))).toMatchObject({
      code: 'ENODEV',
      operation: 'read interface',
      device: 'nope',
    })
  })

  it.each(['v\udcff', '\ufeffv0', 'vé', 'v\udcef\udcbf\udcbd'])(
    'are found by the bytes of their names: %j',
    async (name) => {
      await addVeth(kernel, name)
      const { index } = await links.link(name)
      expect(await links.link(name)).toMatchObject({ name, kind: 'veth' })
      expect((await links.link('v0')).index).not.toBe(index)
      const { zones } = kernelOf(kernel)
      expect(zones.index(name)).toBe(index)
      expect(zones.name(index)).toBe(name)
    },
  )

  it('are changed', async () => {
    await links.setLink('v0', { up: true, mtu: 1300 })
    expect(await links.link('v0')).toMatchObject({ up: true, mtu: 1300 })
    await links.setLink('v0', {})
    expect(await links.link('v0')).toMatchObject({ up: true, mtu: 1300 })
    await links.setLink('v0', { up: false })
    expect(await links.link('v0')).toMatchObject({ up: false, mtu: 1300 })
    expect(await caught(links.setLink('v0', { mtu: 100_000 }))).toMatchObject({
      code: 'EINVAL',
      path: 'mtu',
    })
    expect(await caught(links.setLink('nope', { up: true }))).toMatchObject({ code: 'ENODEV' })
  })

  it('are addressed', async () => {
    await held.ip('address add 10.9.0.1 peer 10.9.1.0/24 dev v0', 'address add 10.1.1.1/8 dev lo')
    for (const text of ['10.7.0.1/24', '10.8.0.1', 'FD00::0001/64'])
      await links.addAddress('v0', text)
    const all = ['10.9.0.1/24', '10.7.0.1/24', '10.8.0.1/32', 'fd00::1/64']
    expect((await links.addresses('v0')).toSorted()).toEqual(all.toSorted())
    for (const text of ['10.7.0.1/24', 'fd00::1/64']) {
      expect(await caught(links.addAddress('v0', text))).toMatchObject({
        code: 'EEXIST',
        operation: 'add address',
      })
    }
    expect(await caught(links.removeAddress('v0', '10.7.0.1/25'))).toMatchObject({
      code: 'EADDRNOTAVAIL',
      detail: '10.7.0.1/25',
      hint: expect.stringContaining('10.7.0.1/24'),
    })
    // Also the one with another end: what is listed can be removed.
    for (const text of all) await links.removeAddress('v0', text)
    expect(await links.addresses('v0')).toEqual([])
    expect(await caught(links.removeAddress('v0', '10.7.0.1/24'))).toMatchObject({
      code: 'EADDRNOTAVAIL',
      hint: undefined,
    })
    expect(await links.addresses('lo')).toEqual(['10.1.1.1/8'])
    for (const call of [
      links.addresses('nope'),
      links.addAddress('nope', '10.7.0.1'),
      links.removeAddress('nope', '10.7.0.1'),
    ]) {
      expect(await caught(call)).toMatchObject({ code: 'ENODEV' })
    }
  })

  it('of another kind are neither deleted nor replaced', async () => {
    for (const name of ['v0', 'lo']) {
      const before = await links.link(name)
      expect(await caught(links.deleteLink(name))).toMatchObject({
        code: 'EOPNOTSUPP',
        operation: 'delete interface',
        device: name,
      })
      expect(await caught(links.createLink(name))).toMatchObject({
        code: 'EEXIST',
        detail: expect.stringContaining('an interface'),
      })
      expect(await links.link(name)).toEqual(before)
    }
    expect(await caught(links.deleteLink('nope'))).toMatchObject({ code: 'ENODEV' })
  })

  it('of a userspace implementation without a socket are no device, and stay', async () => {
    await held.ip('tuntap add dev tun9 mode tun')
    expect(await caught(links.deleteLink('tun9'))).toMatchObject({
      code: 'ENODEV',
      detail: 'an interface of kind "tun"',
      hint: expect.stringContaining('starting or ending'),
    })
    expect(await links.link('tun9')).toMatchObject({ kind: 'tun' })
    await held.ip('link delete dev tun9')
  })

  it('are moved by a handle, the id of a process, and a path', async () => {
    await using other = await TestNamespace.create()
    using there = openNamespace(other.pid)
    await using links2 = new NetlinkLinks(kernelIn(there))
    await links.moveLink('v0', there)
    expect(await caught(links.link('v0'))).toMatchObject({ code: 'ENODEV' })
    expect(await links2.link('v0')).toMatchObject({ kind: 'veth', mtu: 1400 })
    await links2.moveLink('v0', held.pid)
    await links.moveLink('v0', `/proc/${other.pid}/ns/net`)
    await addVeth(kernel, 'v0')
    expect(await caught(links.moveLink('v0', there))).toMatchObject({
      code: 'EEXIST',
      device: 'v0',
    })
    await held.ip('link delete v0')
    await links2.moveLink('v0', namespace)
    expect(await caught(links.moveLink('lo', there))).toMatchObject({ code: 'EINVAL' })
    expect(await caught(links.moveLink('v0', 'wgns-nope'))).toMatchObject({
      code: 'ENOENT',
      operation: 'open network namespace',
    })
    expect((await links.link('v0')).name).toBe('v0')
  })

  it('are not changed without privileges', async () => {
    // Opens the socket as root: the kernel also looks at who sends.
    await links.link('v0')
    await withoutPrivileges(async () => {
      for (const call of [
        () => links.createLink('wg0'),
        () => links.setLink('v0', { up: true }),
        () => links.addAddress('v0', '10.7.0.1/24'),
      ]) {
        expect(await caught(call)).toMatchObject({
          code: 'EPERM',
          hint: expect.stringContaining('CAP_NET_ADMIN'),
        })
      }
      expect(await links.link('v0')).toMatchObject({ up: false })
      expect(await links.addresses('v0')).toEqual([])
    })
  })

  it('leave no descriptor open', async () => {
    let before = 0
    for (let i = 0; i <= 20; i++) {
      await using own = new NetlinkLinks(kernel)
      await own.setLink('v0', { up: true })
      await own.moveLink('v0', held.pid)
      await caught(own.deleteLink('v0'))
      await caught(own.moveLink('v0', 'wgns-nope'))
      await caught(own.moveLink('nope', held.pid))
      await own.close()
      // Not closed: what each of these opened for itself is.
      await caught(links.deleteLink('v0'))
      await links.moveLink('v0', held.pid)
      // The first round opens what stays open: the pool of threads.
      if (i === 0) before = openDescriptors()
    }
    expect(openDescriptors()).toBe(before)
  })
})
