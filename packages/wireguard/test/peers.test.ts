import { describe, expect, it } from '@jest/globals'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Backend, type Peer, WireGuardError } from 'wireguardcfg'
import { UapiServer } from 'wireguardcfg/server'
import { NetlinkClient } from 'wireguardnl'
import { until } from '../../../test-fixtures/wait.js'
import { AttributeReader } from '../../wireguardnl/src/netlink/attribute-reader.js'
import { NLM_F_DUMP_INTR } from '../../wireguardnl/src/netlink/constants.js'
import type { Socket } from '../../wireguardnl/src/netlink/socket.js'
import { FakeSystem } from '../../../test-fixtures/fakes/system.js'
import { replayed } from '../../../test-fixtures/fakes/replay.js'
import { WireGuard } from '../src/index.js'
import { temporaryDirectory } from '../../../test-fixtures/directory.js'
import { publicKeyOf } from '../../../test-fixtures/sample.js'

describe('the peers of an interface', () => {
  it('come one at a time from the kernel', async () => {
    await using subject = await open(new FakeSystem({ dumpLimit: 600 }))
    await subject.wg.configureDevice('wg0', { peers: peers(40) })
    expect(await collect(subject.wg.peers('wg0'))).toStrictEqual(
      (await subject.wg.device('wg0')).peers,
    )
  })

  it('come whole when a peer is spread over several datagrams', async () => {
    await using subject = await open(new FakeSystem({ dumpLimit: 600 }))
    const allowedIPs = Array.from({ length: 300 }, (_, i) => `10.9.${i >> 8}.${i & 255}/32`)
    const [first, ...rest] = peers(5)
    await subject.wg.configureDevice('wg0', {
      peers: [first!, { publicKey: publicKeyOf(99), allowedIPs }, ...rest],
    })
    const read = await collect(subject.wg.peers('wg0'))
    expect(read).toHaveLength(6)
    expect(read[1]).toMatchObject({ publicKey: publicKeyOf(99), allowedIPs })
  })

  it('come from a socket if there is one, and from the kernel otherwise', async () => {
    await using directory = await temporaryDirectory()
    await using server = await UapiServer.listen({ name: 'wg0', directory: directory.path })
    const system = new FakeSystem()
    system.add('wg0')
    system.add('wg1')
    await using wg = await WireGuard.open({
      socketDirectory: directory.path,
      backends: ['userspace', new NetlinkClient(system.kernel)],
    })
    await wg.configureDevice(server.name, { peers: peers(3) })
    await wg.configureDevice('wg1', { peers: peers(7) })
    expect(await collect(wg.peers('wg0'))).toHaveLength(3)
    expect(await collect(wg.peers('wg1'))).toHaveLength(7)
    await expect(wg.peers('wg2').next()).rejects.toMatchObject({
      code: 'ENODEV',
      device: 'wg2',
      operation: 'read device',
    })
  })

  it('also come from a backend that cannot stream', async () => {
    const system = new FakeSystem()
    system.add('wg0')
    const client = new NetlinkClient(system.kernel)
    await client.configureDevice('wg0', { peers: peers(3) })
    const { kind } = client
    const backend: Backend = {
      kind,
      deviceNames: () => client.deviceNames(),
      device: (name) => client.device(name),
      configureDevice: () => Promise.reject(new Error('not asked for')),
      close: () => client.close(),
    }
    await using wg = await WireGuard.open({ backends: [backend] })
    expect(await collect(wg.peers('wg0'))).toHaveLength(3)
  })

  it('do not start over after the first one: an interrupted dump throws', async () => {
    let dumps = 0
    const system = new FakeSystem({
      dumpLimit: 600,
      answer: (request, usual) => {
        const datagrams = usual()
        if (!isDump(request.payload, request.type, system)) return datagrams
        dumps++
        // The third message of the first dump.
        new DataView(datagrams[2]!.buffer).setUint16(6, NLM_F_DUMP_INTR | 2, true)
        return datagrams
      },
    })
    await using subject = await open(system)
    await subject.wg.configureDevice('wg0', { peers: peers(40) })
    const stream = subject.wg.peers('wg0')
    await stream.next()
    await expect(collect(stream)).rejects.toMatchObject({ code: 'EAGAIN', device: 'wg0' })
    expect(dumps).toBe(1)
  })

  it('throw ETIMEDOUT when the consumer stalls, and the socket is closed', async () => {
    const system = new FakeSystem({ dumpLimit: 600 })
    await using subject = await open(system)
    await subject.wg.configureDevice('wg0', { peers: peers(40) })
    const stream = subject.wg.peers('wg0', { idleTimeout: 200 })
    await stream.next()
    const socket = system.sockets.at(-1)!
    expect(socket.closed).toBe(false)
    await until(() => socket.closed, 'the socket is closed')
    await expect(collect(stream)).rejects.toMatchObject({ code: 'ETIMEDOUT', device: 'wg0' })
  })

  it('close the socket when the consumer stops', async () => {
    const system = new FakeSystem({ dumpLimit: 600 })
    await using subject = await open(system)
    await subject.wg.configureDevice('wg0', { peers: peers(40) })
    for await (const peer of subject.wg.peers('wg0')) {
      expect(peer.allowedIPs).toHaveLength(2)
      break
    }
    expect(system.sockets.at(-1)!.closed).toBe(true)
  })

  it('end when their WireGuard is closed', async () => {
    const subject = await open(new FakeSystem({ dumpLimit: 600 }))
    await subject.wg.configureDevice('wg0', { peers: peers(40) })
    const stream = subject.wg.peers('wg0', { idleTimeout: 0 })
    await stream.next()
    await subject[Symbol.asyncDispose]()
    await expect(collect(stream)).rejects.toBeInstanceOf(WireGuardError)
  })
})

describe('a stream of 1,000,000 peers', () => {
  const COUNT = 1_000_000
  // What one peer takes when it is kept: some 600 bytes, 600 MB for all of them.
  const FLAT = 20e6

  it('keeps no more than a datagram of them, and one receive buffer', async () => {
    const kernel = replayed(COUNT)
    const buffers = new Set<ArrayBufferLike>()
    const recording: typeof kernel = {
      ...kernel,
      open: (protocol) => recordingBuffers(kernel.open(protocol), buffers),
    }
    const client = new NetlinkClient(recording)
    await using wg = await WireGuard.open({ backends: [client] })
    const before = retained()
    let count = 0
    let most = 0
    for await (const { allowedIPs } of wg.peers('wg0')) {
      if (allowedIPs.length !== 2) throw new Error('a peer without its allowed IPs')
      if (++count % 250_000 === 0) most = Math.max(most, retained() - before)
    }
    expect(count).toBe(COUNT)
    expect(most).toBeLessThan(FLAT)
    expect(buffers.size).toBe(1)
  }, 120_000)

  it('does not keep the text of a datagram for the sake of one key', async () => {
    const kernel = replayed(COUNT)
    await using wg = await WireGuard.open({ backends: [new NetlinkClient(kernel)] })
    const keys: string[] = []
    const before = retained()
    let count = 0
    for await (const { publicKey } of wg.peers('wg0')) if (count++ % 100 === 0) keys.push(publicKey)
    const perKey = (retained() - before) / keys.length
    expect(keys).toHaveLength(COUNT / 100)
    // A key is 64 bytes; with the text that it shared, 8 KB. The heap itself breathes by a few
    // megabytes, 500 bytes a key.
    expect(perKey).toBeLessThan(4000)
  }, 120_000)
})

async function open(
  system: FakeSystem,
): Promise<AsyncDisposable & { readonly wg: WireGuard; readonly system: FakeSystem }> {
  system.add('wg0')
  const wg = await WireGuard.open({ backends: [new NetlinkClient(system.kernel)] })
  return { wg, system, [Symbol.asyncDispose]: () => wg.close() }
}

function peers(count: number): { publicKey: string; allowedIPs: string[] }[] {
  return Array.from({ length: count }, (_, i) => ({
    publicKey: publicKeyOf(i + 1),
    allowedIPs: [`10.7.0.${i}/32`, `fd00:7::${i + 1}/128`],
  }))
}

async function collect(stream: AsyncIterable<Peer>): Promise<Peer[]> {
  const all: Peer[] = []
  for await (const peer of stream) all.push(peer)
  return all
}

function isDump(payload: Uint8Array, type: number, system: FakeSystem): boolean {
  return type === system.family && payload[0] === 0 && new AttributeReader(payload, 4).next()
}

function recordingBuffers(socket: Socket, buffers: Set<ArrayBufferLike>): Socket {
  return {
    portId: socket.portId,
    send: (datagram) => socket.send(datagram),
    sendAsync: (datagram) => socket.sendAsync(datagram),
    receive: () => {
      const datagram = socket.receive()
      if (datagram !== undefined) buffers.add(datagram.buffer)
      return datagram
    },
    receiveAsync: () => socket.receiveAsync(),
    close: () => socket.close(),
  }
}

/** Bytes that are reachable, on the heap and outside. */
function retained(): number {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
