import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { inspect } from 'node:util'
import { type Peer, SecretKey, type WireGuardError } from 'wireguardcfg'
import { until } from '../../../../test-fixtures/wait.js'
import { NLM_F_DUMP_INTR } from '../../src/netlink/constants.js'
import { viewOf } from '../../src/netlink/endian.js'
import { NetlinkClient } from '../../src/wireguard/client.js'
import { WG_CMD_GET_DEVICE, WG_CMD_SET_DEVICE } from '../../src/wireguard/constants.js'
import {
  done,
  errorAck,
  type FakeRequest,
  foreign,
  multipart,
  reply,
  stale,
} from '../../../../test-fixtures/fakes/kernel.js'
import {
  dump,
  ENODEV,
  FakeSystem,
  type SystemOptions,
} from '../../../../test-fixtures/fakes/system.js'
import { allowedIPsOf as allowedIPs, publicKeyOf as key } from '../../../../test-fixtures/sample.js'

const ENOMEM = 12
const EPERM = 1
const EINVAL = 22

/** A client of a fake kernel with the device wg0. */
function start(options: SystemOptions = {}) {
  const system = new FakeSystem(options)
  const wg0 = system.add('wg0')
  return { system, wg0, client: new NetlinkClient(system.kernel) }
}

const isGet = (request: FakeRequest) =>
  request.type === 0x23 && request.payload[0] === WG_CMD_GET_DEVICE
const isSet = (request: FakeRequest) =>
  request.type === 0x23 && request.payload[0] === WG_CMD_SET_DEVICE

const peers = (count: number, allowedIPsOfEach = 1) =>
  Array.from({ length: count }, (_, i) => ({
    publicKey: key(i + 1),
    replaceAllowedIPs: true,
    allowedIPs: allowedIPs(i, allowedIPsOfEach),
  }))

afterEach(() => void jest.useRealTimers())

async function caught(promise: Promise<unknown>): Promise<WireGuardError> {
  return promise.then(
    () => {
      throw new Error('expected a rejection')
    },
    (error: WireGuardError) => error,
  )
}

async function collect(batches: AsyncIterable<readonly Peer[]>): Promise<Peer[][]> {
  const all: Peer[][] = []
  for await (const batch of batches) all.push([...batch])
  return all
}

describe('NetlinkClient.deviceNames', () => {
  it('lists the WireGuard interfaces only, in order', async () => {
    const { system, client } = start()
    system.links.push({ name: 'tun0', kind: 'tun' }, { name: 'eth0', kind: undefined })
    system.add('wg1')
    expect(await client.deviceNames()).toEqual(['wg0', 'wg1'])
    await client.close()
  })

  it('gives every interface a name of its own, by which it can be used', async () => {
    const { system, client } = start()
    // A byte order mark, a byte that is no UTF-8, and one that stands for lost bytes.
    const names = ['wg0', '\ufeffwg0', 'wg\udcff', 'wg\udcef\udcbf\udcbd']
    for (const name of names.slice(1)) system.add(name)
    expect(await client.deviceNames()).toEqual(names)
    for (const [i, name] of names.entries()) {
      await client.configureDevice(name, { listenPort: 1000 + i })
      expect(await client.device(name)).toMatchObject({ name, listenPort: 1000 + i })
    }
    expect(system.devices.map(({ port }) => port)).toEqual([1000, 1001, 1002, 1003])
    expect(await caught(client.device('wg\ufffd'))).toMatchObject({ code: 'EINVAL' })
    await client.close()
  })

  it('needs no module', async () => {
    const system = new FakeSystem({ module: false })
    await using client = new NetlinkClient(system.kernel)
    expect(await client.deviceNames()).toEqual([])
  })
})

describe('NetlinkClient.device', () => {
  it('reads what was configured, split over messages both ways', async () => {
    const { client } = start({ dumpLimit: 1000 })
    const privateKey = SecretKey.generatePrivate()
    const presharedKey = SecretKey.generatePreshared()
    const endpoint = { host: 'fe80::1%lo', port: 51821 }
    await client.configureDevice('wg0', {
      privateKey,
      listenPort: 51820,
      firewallMark: 0x1234,
      peers: [
        {
          publicKey: key(1),
          presharedKey,
          endpoint,
          persistentKeepalive: 25,
          allowedIPs: allowedIPs(1, 200),
        },
        { publicKey: key(2), allowedIPs: ['0.0.0.0/0', '::/0'] },
      ],
    })
    const device = await client.device('wg0')
    expect(device).toMatchObject({
      name: 'wg0',
      backend: 'kernel',
      index: 2,
      privateKey,
      publicKey: privateKey.publicKey(),
      listenPort: 51820,
      firewallMark: 0x1234,
    })
    expect(device.peers.map(({ allowedIPs: list }) => list.length)).toEqual([200, 2])
    expect(device.peers[0]).toMatchObject({ presharedKey, endpoint, persistentKeepalive: 25 })
    await client.close()
  })

  it('reuses one socket for reads one after the other, and closes it at the end', async () => {
    const { system, client } = start()
    for (let i = 0; i < 5; i++) await client.device('wg0')
    expect(system.sockets).toHaveLength(1)
    await client.close()
    expect(system.sockets[0]!.closed).toBe(true)
  })

  it('answers 64 calls at once over a few sockets', async () => {
    const { system, client } = start()
    for (let i = 1; i < 8; i++) system.add(`wg${i}`)
    const devices = await Promise.all(
      Array.from({ length: 64 }, (_, i) => client.device(`wg${i % 8}`)),
    )
    expect(devices.map(({ name }) => name)).toEqual(
      Array.from({ length: 64 }, (_, i) => `wg${i % 8}`),
    )
    expect(system.sockets.length).toBeLessThanOrEqual(8)
    await client.close()
    expect(system.sockets.every(({ closed }) => closed)).toBe(true)
  })

  it.each([
    ['the first message', 0, false],
    ['a later message', 3, false],
    ['only the DONE', -1, true],
  ])('starts over when %s marks the dump as interrupted', async (_, which, onDone) => {
    let dumps = 0
    const { wg0, client } = start({
      dumpLimit: 300,
      answer: (request, usual) => {
        if (!isGet(request) || ++dumps > 3) return usual()
        const datagrams = dump(request, wg0, 300, (i) => i === which)
        return onDone
          ? [...datagrams.slice(0, -1), done(request, 0, { flags: NLM_F_DUMP_INTR })]
          : datagrams
      },
    })
    await client.configureDevice('wg0', { peers: peers(9) })
    expect((await client.device('wg0')).peers).toHaveLength(9)
    expect(dumps).toBe(4)
    await client.close()
  })

  it('fails with EAGAIN for a device that changes during every read', async () => {
    let dumps = 0
    const { wg0, client } = start({
      answer: (request, usual) => {
        if (!isGet(request)) return usual()
        dumps++
        return dump(request, wg0, 4000, () => true)
      },
    })
    expect(await caught(client.device('wg0'))).toMatchObject({
      code: 'EAGAIN',
      operation: 'read device',
      device: 'wg0',
      message: expect.stringContaining('during each of 20 reads'),
    })
    expect(dumps).toBe(20)
    await client.close()
  })

  it('ends a dump that makes no progress, and its socket', async () => {
    const { system, client } = start({
      answer: (request, usual) => {
        if (!isGet(request)) return usual()
        const payload = Uint8Array.of(0, 1, 0, 0)
        return Array.from({ length: 1000 }, () => reply(request, payload, { flags: 2 }))
      },
    })
    expect(await caught(client.device('wg0'))).toMatchObject({ code: 'EPROTO' })
    expect(system.sockets[0]!.closed).toBe(true)
    await client.close()
  })

  it('skips replies to other sockets', async () => {
    const { client } = start({
      answer: (request, usual) =>
        isGet(request)
          ? [
              stale(errorAck(request, ENODEV)),
              ...multipart(request, [Uint8Array.of(0, 1, 0, 0)]).map(foreign),
              ...usual(),
            ]
          : usual(),
    })
    expect((await client.device('wg0')).name).toBe('wg0')
    await client.close()
  })

  it('fails with the errno on the DONE of a dump', async () => {
    const { client } = start({
      answer: (request, usual) => (isGet(request) ? [done(request, ENOMEM)] : usual()),
    })
    expect(await caught(client.device('wg0'))).toMatchObject({ code: 'ENOMEM', device: 'wg0' })
    await client.close()
  })

  it('resolves the family again when its id is stale', async () => {
    const { system, client } = start()
    await client.device('wg0')
    system.family = 0x42
    expect((await client.device('wg0')).name).toBe('wg0')
    await client.close()
  })

  it('ends with the signal, and without waiting for it', async () => {
    const { system, client } = start({
      answer: (request, usual) => (isGet(request) ? [] : usual()),
    })
    const reason = new Error('enough')
    const controller = new AbortController()
    const call = client.device('wg0', { signal: controller.signal })
    await until(() => system.requests().length === 1)
    controller.abort(reason)
    expect(await caught(call)).toMatchObject({
      code: 'ABORT_ERR',
      name: 'AbortError',
      cause: reason,
    })
    expect(system.sockets.every(({ closed }) => closed)).toBe(true)
    const aborted = client.device('wg0', { signal: AbortSignal.abort(reason) })
    expect(await caught(aborted)).toMatchObject({ code: 'ABORT_ERR', device: 'wg0' })
    await client.close()
  })

  it('fails when no answer comes', async () => {
    const { client } = start({ answer: (request, usual) => (isGet(request) ? [] : usual()) })
    expect(await caught(client.device('wg0', { idleTimeout: 10 }))).toMatchObject({
      code: 'ETIMEDOUT',
      message: 'read device "wg0": no progress for 10 ms',
    })
    await client.close()
  })

  it.each([-1, Number.NaN, 2 ** 31])('refuses an idle timeout of %d', async (idleTimeout) => {
    const { client } = start()
    expect(await caught(client.device('wg0', { idleTimeout }))).toMatchObject({ code: 'EINVAL' })
    await client.close()
  })

  it.each(['', 'a/b', '..', 'sixteen-bytes-xx', 'a b'])('refuses the name "%s"', async (name) => {
    const { client } = start()
    expect(await caught(client.device(name))).toMatchObject({ code: 'EINVAL' })
    await client.close()
  })
})

describe('errors of NetlinkClient', () => {
  it.each<[string, string, SystemOptions, string, string | undefined]>([
    ['no such interface', 'nope', {}, 'ENODEV', 'another network namespace'],
    ['no such interface, no module', 'nope', { module: false }, 'ENODEV', 'modprobe wireguard'],
    [
      'no such interface, no capability',
      'nope',
      { capable: false },
      'ENODEV',
      'another network namespace',
    ],
    ['another kind', 'lo', {}, 'EOPNOTSUPP', undefined],
    ['a tun interface', 'tun0', {}, 'ENODEV', 'starting or ending'],
    ['a tun interface, no module', 'tun0', { module: false }, 'ENODEV', 'starting or ending'],
    ['a tun interface, no capability', 'tun0', { capable: false }, 'ENODEV', 'starting or ending'],
    ['another kind, no module', 'lo', { module: false }, 'EOPNOTSUPP', undefined],
    ['another kind, no capability', 'lo', { capable: false }, 'EOPNOTSUPP', undefined],
    ['no family', 'wg0', { module: false }, 'EPROTONOSUPPORT', 'modprobe wireguard'],
    ['no capability', 'wg0', { capable: false }, 'EPERM', 'CAP_NET_ADMIN'],
  ])('name the fault: %s', async (_, name, options, code, hint) => {
    const { system, client } = start(options)
    system.links.push({ name: 'tun0', kind: 'tun' })
    const config = { peers: [{ publicKey: key(1) }] }
    for (const call of [
      () => client.device(name),
      () => client.configureDevice(name, config),
      () => collect(client.peerBatches(name)),
    ]) {
      const error = await caught(call())
      expect(error).toMatchObject({
        code,
        device: name,
        name: 'WireGuardError',
        applied: undefined,
      })
      if (hint === undefined) expect(error.hint).toBeUndefined()
      else expect(error.hint).toContain(hint)
    }
    await client.close()
  })

  it('report another namespace of origin when only the port is refused', async () => {
    const { client } = start({
      answer: (request, usual) =>
        isSet(request) && request.payload.length > 16 ? [errorAck(request, EPERM)] : usual(),
    })
    expect(await caught(client.configureDevice('wg0', { listenPort: 1 }))).toMatchObject({
      code: 'EPERM',
      path: 'listenPort',
      hint: expect.stringContaining('namespace in which the interface was created'),
    })
    expect(await caught(client.configureDevice('wg0', { firewallMark: 1 }))).toMatchObject({
      code: 'EPERM',
      path: 'firewallMark',
    })
    await client.close()
  })

  it('name the field of a port that is in use', async () => {
    const { client } = start({ takenPorts: [53] })
    expect(await caught(client.configureDevice('wg0', { listenPort: 53 }))).toMatchObject({
      code: 'EADDRINUSE',
      path: 'listenPort',
      applied: undefined,
    })
    // The mark is stored before the port is tried.
    const both = client.configureDevice('wg0', { listenPort: 53, firewallMark: 7 })
    expect(await caught(both)).toMatchObject({ code: 'EADDRINUSE', applied: 0 })
    await client.close()
  })

  it('never carry a secret', async () => {
    const { client } = start({
      answer: (request, usual) => (isSet(request) ? [errorAck(request, EINVAL)] : usual()),
    })
    const privateKey = SecretKey.generatePrivate()
    const error = await caught(client.configureDevice('wg0', { privateKey, peers: peers(3) }))
    const text = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)
    expect(text).not.toContain(privateKey.toBase64())
    expect(text).not.toContain(privateKey.toHex())
    await client.close()
  })
})

describe('NetlinkClient.configureDevice', () => {
  it('changes nothing when a value is invalid', async () => {
    const { system, client } = start()
    const bad = [
      { listenPort: 70_000 },
      { peers: [{ publicKey: key(1), endpoint: 'fe80::1%nope:1' }] },
      { peers: [{ publicKey: key(1), endpoint: '[fe80::1%nope]:1' }] },
      { privateKeys: 1 } as object,
    ]
    for (const config of bad) {
      expect(await caught(client.configureDevice('wg0', config))).toMatchObject({
        code: 'EINVAL',
        path: expect.any(String),
      })
    }
    expect(system.requests()).toEqual([])
    await client.close()
  })

  it('asks the kernel for the device even when there is nothing to change', async () => {
    const { system, wg0, client } = start()
    await client.configureDevice('wg0', {})
    expect(system.requests()).toHaveLength(1)
    expect(wg0.generation).toBe(1)
    expect(await caught(client.configureDevice('nope', {}))).toMatchObject({ code: 'ENODEV' })
    await client.close()
  })

  it('keeps the order of the calls, though the first takes longer', async () => {
    const { wg0, client } = start()
    const calls = [
      client.configureDevice('wg0', { replacePeers: true, peers: peers(500) }),
      client.configureDevice('wg0', { replacePeers: true, peers: peers(1) }),
      client.configureDevice('wg0', { peers: [{ publicKey: key(1), remove: true }] }),
      client.configureDevice('wg0', { peers: [{ publicKey: key(7) }] }),
    ]
    await Promise.all(calls)
    expect([...wg0.peers.keys()]).toHaveLength(1)
    expect((await client.device('wg0')).peers[0]!.publicKey).toBe(key(7))
    await client.close()
  })

  it('lets a read come between two messages, so that it is never interrupted', async () => {
    const counts: number[] = []
    const { client } = start({
      beforeSend: async () => {
        await new Promise(setImmediate)
      },
    })
    const written = new AbortController()
    const write = client
      .configureDevice('wg0', { peers: peers(2000) })
      .finally(() => written.abort())
    while (!written.signal.aborted) counts.push((await client.device('wg0')).peers.length)
    await write
    expect(new Set(counts).size).toBeGreaterThan(2)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    await client.close()
  })

  it.each([
    ['ENODEV', ENODEV, 2, 'exact'],
    ['ENOMEM', ENOMEM, 2, 'unknown'],
    ['ENOMEM', ENOMEM, 0, 'unknown'],
    ['ENODEV', ENODEV, 0, undefined],
  ])(
    'says how much was applied before %s (%i) in message %i: %s',
    async (code, errno, at, applied) => {
      let sets = 0
      const { system, wg0, client } = start({
        answer: (request, usual) =>
          isSet(request) && sets++ === at ? [errorAck(request, errno)] : usual(),
      })
      const error = await caught(client.configureDevice('wg0', { peers: peers(1000) }))
      expect(error).toMatchObject({ code, applied: applied === 'exact' ? wg0.peers.size : applied })
      expect(system.requests()).toHaveLength(at + 1)
      await client.close()
    },
  )

  it('reports an unknown effect when the acknowledgement does not come', async () => {
    const { client } = start({
      answer: (request, usual) => (isSet(request) ? usual().slice(1) : usual()),
    })
    const call = client.configureDevice('wg0', { peers: peers(1) }, { idleTimeout: 200 })
    expect(await caught(call)).toMatchObject({ code: 'ETIMEDOUT', applied: 'unknown' })
    await client.close()
  })

  it('keeps to the same device when another one gets its name during the write', async () => {
    let sets = 0
    const { system, wg0, client } = start({
      answer: (request, usual) => {
        const datagrams = usual()
        // The name now belongs to a device with another index.
        if (isSet(request) && ++sets === 1) {
          system.devices.splice(0, 1)
          system.links.push({ name: 'gone', kind: undefined })
          system.add('wg0')
        }
        return datagrams
      },
    })
    const error = await caught(client.configureDevice('wg0', { peers: peers(1000) }))
    expect(error.applied).toBe(wg0.peers.size)
    expect(system.devices[0]!.peers.size).toBe(0)
    await client.close()
  })
})

describe('removing single allowed IPs', () => {
  const before = [
    { publicKey: key(1), allowedIPs: ['10.0.0.0/8', '10.1.0.0/16', 'fd00::/64'] },
    { publicKey: key(2), allowedIPs: ['10.2.0.0/16'] },
  ]
  const removal = {
    peers: [
      {
        publicKey: key(1),
        removeAllowedIPs: ['10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16'],
        allowedIPs: ['10.4.0.0/16'],
      },
    ],
  }
  const after = [['10.0.0.0/8', 'fd00::/64', '10.4.0.0/16'], ['10.2.0.0/16']]

  it.each<[string, SystemOptions, number]>([
    ['by the temporary peer before Linux 6.16', { release: '6.12.48+deb13-amd64' }, 2],
    ['by the flag since Linux 6.16', { release: '6.16.0', removeFlag: true }, 1],
    ['by the flag since Linux 7.0', { release: '7.0', removeFlag: true }, 1],
    ['by the temporary peer where the flag fails all the same', { release: '6.17.0' }, 3],
  ])('works %s', async (_, options, requests) => {
    const { system, client } = start(options)
    await client.configureDevice('wg0', { peers: before })
    await client.configureDevice('wg0', removal)
    expect((await client.device('wg0')).peers.map(({ allowedIPs: list }) => list)).toEqual(after)
    expect(system.requests()).toHaveLength(1 + requests + 1)
    await client.close()
  })

  it('learns once that the flag fails', async () => {
    const { system, client } = start({ release: '6.17.0' })
    await client.configureDevice('wg0', { peers: before })
    await client.configureDevice('wg0', removal)
    const count = system.requests().length
    await client.configureDevice('wg0', {
      peers: [{ publicKey: key(1), removeAllowedIPs: ['fd00::/64'] }],
    })
    expect(system.requests()).toHaveLength(count + 2)
    await client.close()
  })

  it('does not count the temporary peer, and leaves none', async () => {
    let sets = 0
    const { wg0, client } = start({
      release: '6.1.0',
      // The first configuration, then the message with the move, of which only the first entry
      // works.
      answer: (request, usual) => {
        if (!isSet(request) || ++sets !== 2) return usual()
        wg0.set(truncatePeers(request.payload))
        return [errorAck(request, ENOMEM)]
      },
    })
    await client.configureDevice('wg0', { peers: before })
    const error = await caught(client.configureDevice('wg0', removal))
    expect(error).toMatchObject({ code: 'ENOMEM', applied: 'unknown' })
    expect(wg0.peers.size).toBe(2)
    await client.close()
  })

  type Interrupt = (client: NetlinkClient, controller: AbortController) => unknown

  it.each<[string, Interrupt, string]>([
    ['timed out', () => {}, 'ETIMEDOUT'],
    ['was aborted', (_, controller) => controller.abort(), 'ABORT_ERR'],
    ['was ended by close', (client) => client.close(), 'ECANCELED'],
  ])(
    'removes the temporary peer also when the write %s, and close waits for that',
    async (_, interrupt, code) => {
      let sets = 0
      const controller = new AbortController()
      const { system, wg0, client } = start({
        release: '6.1.0',
        // Only the first entry takes effect, and no acknowledgement comes.
        answer: (request, usual) => {
          if (!isSet(request) || ++sets !== 2) return usual()
          wg0.set(truncatePeers(request.payload))
          interrupt(client, controller)
          return []
        },
      })
      await client.configureDevice('wg0', { peers: before })
      const options = { idleTimeout: 50, signal: controller.signal }
      const error = caught(client.configureDevice('wg0', removal, options))
      await until(() => sets >= 2, 'the temporary peer exists')
      if (code === 'ETIMEDOUT') await error
      await client.close()
      expect(wg0.peers.size).toBe(2)
      expect(await error).toMatchObject({ code, applied: 'unknown' })
      expect(system.sockets.every(({ closed }) => closed)).toBe(true)
    },
  )

  it.each<[string, Interrupt]>([
    ['is aborted', (_, controller) => controller.abort()],
    ['is ended by close', (client) => client.close()],
    ['ends with its process', () => {}],
  ])('has no other peer after any message, when it %s', async (_, interrupt) => {
    const ranges = allowedIPs(1, 3000)
    for (let at = 1, over = false; !over; at++) {
      let sets = Number.NEGATIVE_INFINITY
      const controller = new AbortController()
      const { wg0, client } = start({
        release: '6.1.0',
        answer: (request, usual) => {
          const datagrams = usual()
          if (!isSet(request)) return datagrams
          // The process may be killed at this moment, and then nothing else is sent.
          expect(wg0.peers.size).toBe(1)
          if (++sets === at) interrupt(client, controller)
          return datagrams
        },
      })
      await client.configureDevice('wg0', { peers: [{ publicKey: key(1), allowedIPs: ranges }] })
      sets = 0
      const config = { peers: [{ publicKey: key(1), removeAllowedIPs: ranges.slice(10) }] }
      await client.configureDevice('wg0', config, { signal: controller.signal }).catch(() => {})
      over = sets < at
      expect(wg0.peers.size).toBe(1)
      await client.close()
    }
  })
})

describe('NetlinkClient.peerBatches', () => {
  it('yields whole peers, a datagram at a time', async () => {
    const { client } = start({ dumpLimit: 2000 })
    const config = {
      peers: [
        ...peers(3),
        { publicKey: key(99), allowedIPs: allowedIPs(99, 300) },
        ...peers(9).slice(3),
      ],
    }
    await client.configureDevice('wg0', config)
    const batches = await collect(client.peerBatches('wg0'))
    expect(batches.length).toBeGreaterThan(1)
    expect(batches.flat()).toEqual((await client.device('wg0')).peers)
    await client.close()
  })

  it('yields nothing for a device without peers', async () => {
    const { client } = start()
    expect(await collect(client.peerBatches('wg0'))).toEqual([])
    await client.close()
  })

  it('closes its socket when the consumer stops', async () => {
    const { system, client } = start({ dumpLimit: 500 })
    await client.configureDevice('wg0', { peers: peers(50) })
    for await (const batch of client.peerBatches('wg0')) {
      expect(batch.length).toBeGreaterThan(0)
      break
    }
    expect(system.sockets.at(-1)!.closed).toBe(true)
    await client.close()
  })

  it('closes its socket when the consumer takes too long', async () => {
    const { system, client } = start({ dumpLimit: 500 })
    await client.configureDevice('wg0', { peers: peers(50) })
    const batches = client.peerBatches('wg0', { idleTimeout: 300 })
    await batches.next()
    const socket = system.sockets.at(-1)!
    expect(socket.closed).toBe(false)
    while (!socket.closed) await new Promise(setImmediate)
    expect(await caught(batches.next())).toMatchObject({ code: 'ETIMEDOUT', device: 'wg0' })
    await client.close()
  })

  it.each([
    ['before the first batch: it starts over', 0, 1, undefined],
    ['after the first batch: it says so', 3, 1, 'EAGAIN'],
    ['before the first batch, every time', 0, 100, 'EAGAIN'],
  ])('notices an interrupted dump %s', async (_, which, times, code) => {
    let dumps = 0
    const { wg0, client } = start({
      answer: (request, usual) =>
        isGet(request) && dumps++ < times ? dump(request, wg0, 500, (i) => i === which) : usual(),
    })
    await client.configureDevice('wg0', { peers: peers(20) })
    const all = collect(client.peerBatches('wg0'))
    if (code === undefined) expect((await all).flat()).toHaveLength(20)
    else expect(await caught(all)).toMatchObject({ code })
    await client.close()
  })

  it('delays no other call while it is paused', async () => {
    const { client } = start({ dumpLimit: 500 })
    await client.configureDevice('wg0', { peers: peers(50) })
    const streams = Array.from({ length: 20 }, () => client.peerBatches('wg0'))
    for (const stream of streams) await stream.next()
    expect((await client.device('wg0')).peers).toHaveLength(50)
    await client.configureDevice('wg0', { listenPort: 7 })
    for (const stream of streams) await stream.return()
    await client.close()
  })
})

describe('a call that waits for its turn', () => {
  const silent = {
    answer: (request: FakeRequest, usual: () => readonly Uint8Array[]) => {
      if (!isGet(request) && !isSet(request)) return usual()
      return []
    },
  }

  const PLACES = [
    ['after a write to the same device', 1],
    ['after as many others as may run', 8],
  ] as const

  /** Calls that never end, and the name of a device whose calls wait for them. */
  async function stuck(others: number) {
    const { system, client } = start(silent)
    for (let i = 1; i <= others; i++) system.add(`wg${i}`)
    const before = Array.from({ length: others }, (_, i) =>
      caught(client.configureDevice(`wg${i + 1}`, {}, { idleTimeout: 0 })),
    )
    await until(() => system.requests().length === others)
    return { system, client, before, name: others === 1 ? 'wg1' : 'wg0' }
  }

  it.each(PLACES)('leaves the queue with its signal: %s', async (_, others) => {
    const { system, client, before, name } = await stuck(others)
    const controller = new AbortController()
    const { signal } = controller
    const waiting = caught(client.configureDevice(name, {}, { signal, idleTimeout: 0 }))
    const last = caught(client.configureDevice(name, {}, { idleTimeout: 0 }))
    await new Promise(setImmediate)
    controller.abort()
    expect(await waiting).toMatchObject({ code: 'ABORT_ERR', applied: undefined })
    expect(system.requests()).toHaveLength(others)
    await client.close()
    for (const error of await Promise.all([...before, last])) {
      expect(error.code).toBe('ECANCELED')
    }
  })

  it.each(PLACES)('times out after its own idle time: %s', async (_, others) => {
    const { system, client, before, name } = await stuck(others)
    const calls = [
      caught(client.configureDevice(name, {}, { idleTimeout: 20 })),
      caught(client.device(name, { idleTimeout: 20 })),
    ]
    for (const call of calls) {
      expect(await call).toMatchObject({
        code: 'ETIMEDOUT',
        applied: undefined,
        message: expect.stringContaining('no progress for 20 ms'),
      })
    }
    expect(system.requests()).toHaveLength(others)
    await client.close()
    for (const error of await Promise.all(before)) expect(error.code).toBe('ECANCELED')
  })

  it('does not time out while the previous call makes progress', async () => {
    const sends: (() => void)[] = []
    const { client, wg0 } = start({
      beforeSend: () => new Promise((resolve) => sends.push(() => resolve())),
    })
    // What the first call loads is loaded.
    const first = client.configureDevice('wg0', {})
    await until(() => sends.length === 1)
    sends.pop()!()
    await first
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'clearImmediate', 'nextTick'] })
    const write = client.configureDevice('wg0', { peers: peers(1000) }, { idleTimeout: 100 })
    const waiting = client.configureDevice('wg0', { listenPort: 7 }, { idleTimeout: 100 })
    const all = Promise.all([write, waiting])
    let messages = 0
    while (wg0.port !== 7) {
      while (sends.length === 0) await new Promise(setImmediate)
      jest.advanceTimersByTime(90)
      await new Promise(setImmediate)
      sends.pop()!()
      messages++
      await new Promise(setImmediate)
    }
    jest.useRealTimers()
    await all
    expect(messages).toBeGreaterThan(3)
    await client.close()
  })

  it('gets its turn when the previous call fails', async () => {
    let sets = 0
    const { client, wg0 } = start({
      answer: (request, usual) => (isSet(request) && ++sets === 1 ? [] : usual()),
    })
    const first = caught(client.configureDevice('wg0', { listenPort: 1 }, { idleTimeout: 10 }))
    const second = client.configureDevice('wg0', { listenPort: 2 })
    expect(await first).toMatchObject({ code: 'ETIMEDOUT' })
    await second
    expect(wg0.port).toBe(2)
    await client.close()
  })
})

describe('NetlinkClient.close', () => {
  it('ends the running and the waiting calls', async () => {
    const { system, client } = start({
      answer: (request, usual) => (isGet(request) ? [] : usual()),
    })
    const calls = Array.from({ length: 20 }, () => caught(client.device('wg0')))
    const stream = client.peerBatches('wg0')
    const next = caught(stream.next())
    await new Promise(setImmediate)
    await client.close()
    for (const error of await Promise.all([...calls, next])) {
      expect(error).toMatchObject({
        code: 'ECANCELED',
        message: expect.stringContaining('closed'),
      })
    }
    expect(system.sockets.every(({ closed }) => closed)).toBe(true)
  })

  it('does not wait for the consumer of a stream, which has ended', async () => {
    const { system, client } = start({ dumpLimit: 500 })
    await client.configureDevice('wg0', { peers: peers(50) })
    const stream = client.peerBatches('wg0', { idleTimeout: 0 })
    await stream.next()
    await client.close()
    expect(system.sockets.every(({ closed }) => closed)).toBe(true)
    expect(await caught(stream.next())).toMatchObject({ code: 'ECANCELED' })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })

  it('refuses calls afterwards, and may be called twice', async () => {
    const { client } = start()
    await client.close()
    await client.close()
    expect(await caught(client.device('wg0'))).toMatchObject({ code: 'EBADF' })
    expect(await caught(client.deviceNames())).toMatchObject({ code: 'EBADF' })
    expect(await caught(client.configureDevice('wg0', {}))).toMatchObject({ code: 'EBADF' })
    expect(await caught(client.peerBatches('wg0').next())).toMatchObject({ code: 'EBADF' })
  })
})

/** A SET of the first peer entry only. */
function truncatePeers(payload: Uint8Array): Uint8Array {
  const copy = payload.slice()
  const view = viewOf(copy)
  let at = 4
  while ((view.getUint16(at + 2, true) & 0x3fff) !== 8) at += (view.getUint16(at, true) + 3) & ~3
  const entry = view.getUint16(at + 4, true)
  view.setUint16(at, 4 + entry, true)
  return copy.subarray(0, at + 4 + entry)
}
