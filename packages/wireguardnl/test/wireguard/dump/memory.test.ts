import { describe, expect, it, jest } from '@jest/globals'
import { type Device, type DeviceConfig, type Peer, SecretKey } from 'wireguardcfg'
import { dump, FakeSystem, type SystemOptions } from '../../../../../test-fixtures/fakes/system.js'
import { allowedIPsOf, publicKeyOf } from '../../../../../test-fixtures/sample.js'
import { NetlinkClient } from '../../../src/wireguard/client.js'
import { MalformedMessageError } from '../../../src/netlink/malformed.js'
import { encodeMessage, MessageReader } from '../../../src/netlink/message.js'
import { WG_CMD_GET_DEVICE } from '../../../src/wireguard/constants.js'
import { decodeDevice } from '../../../src/wireguard/dump/decode.js'
import { DumpMemory } from '../../../src/wireguard/dump/memory.js'

const peersOf = (count: number): DeviceConfig => ({
  peers: Array.from({ length: count }, (_, i) => ({
    publicKey: publicKeyOf(i),
    endpoint: `192.0.2.1:${i + 1}`,
    allowedIPs: [`10.0.${i >> 8}.${i & 255}/32`],
  })),
})

async function start(config: DeviceConfig, options: SystemOptions = {}) {
  const system = new FakeSystem(options)
  system.add('wg0')
  const client = new NetlinkClient(system.kernel)
  await client.configureDevice('wg0', config)
  return { system, client, reader: client.reader('wg0') }
}

const WG0: Device = {
  name: 'wg0',
  backend: 'kernel',
  index: 1,
  privateKey: undefined,
  publicKey: undefined,
  listenPort: 0,
  firewallMark: 0,
  peers: [],
}

const find = ({ peers }: Device, i: number): Peer =>
  peers.find(({ publicKey }) => publicKey === publicKeyOf(i))!

describe('a reader of one device', () => {
  it('gives the same frozen peers for what has not changed', async () => {
    const { client, reader } = await start(peersOf(200))
    const before = await reader.read()
    const after = await reader.read()
    expect(after).toEqual(before)
    expect(after.peers.every((peer, i) => peer === before.peers[i])).toBe(true)
    expect(
      after.peers.every((peer) => Object.isFrozen(peer) && Object.isFrozen(peer.allowedIPs)),
    ).toBe(true)
    await client.close()
  })

  it('decodes what has changed, and what has another place', async () => {
    const { client, reader } = await start(peersOf(200))
    const before = await reader.read()
    const changes: DeviceConfig[] = [
      { peers: [{ publicKey: publicKeyOf(150), persistentKeepalive: 7 }] },
      { peers: [{ publicKey: publicKeyOf(3), remove: true }] },
      { peers: [{ publicKey: publicKeyOf(300), allowedIPs: ['fd00::1/128'] }] },
      { listenPort: 7, firewallMark: 8 },
      { replacePeers: true, ...peersOf(10) },
      { replacePeers: true },
    ]
    for (const change of changes) {
      await client.configureDevice('wg0', change)
      expect(await reader.read()).toEqual(await client.device('wg0'))
    }
    expect(find(before, 150).persistentKeepalive).toBe(0)
    await client.close()
  })

  it('is the same device when nothing changed, and another one when it ends earlier', async () => {
    const { client, reader } = await start(peersOf(100), { dumpLimit: 1000 })
    expect(await reader.read()).toBe(await reader.read())
    for (let i = 99; i >= 0; i--) {
      await client.configureDevice('wg0', { peers: [{ publicKey: publicKeyOf(i), remove: true }] })
      const after = await reader.read()
      expect(after).toEqual(await client.device('wg0'))
    }
    await client.close()
  })

  it('gives a dump whole when it is closed in the middle', async () => {
    const { system, client } = await start(peersOf(100))
    await client.close()
    const { zones } = system.kernel
    const messages = Array.from(system.devices[0]!.dump(2000), (payload) => {
      const message = new MessageReader(
        encodeMessage({ type: 0x23, flags: 2, sequence: 1 }, payload),
      )
      message.next()
      return message
    })
    const whole = messages.map((message) => decodeDevice(message, zones))
    for (let closedAt = 0; closedAt <= messages.length; closedAt++) {
      const memory = new DumpMemory(100)
      memory.begin()
      for (const message of messages) memory.decode(message, zones)
      memory.commit(WG0)
      memory.begin()
      const parts = messages.flatMap((message, i) => {
        if (i === closedAt) memory.wipe()
        return memory.decode(message, zones)
      })
      if (closedAt === messages.length) memory.wipe()
      const rest = memory.end()
      expect([...parts, ...(Array.isArray(rest) ? rest : [])]).toEqual(whole)
    }
  })

  it('decodes only the peers that have changed', async () => {
    const { client, reader } = await start(peersOf(200))
    const before = await reader.read()
    const changed = [0, 7, 8, 150, 199].map((i) => publicKeyOf(i))
    const peers = changed.map((publicKey) => ({ publicKey, persistentKeepalive: 7 }))
    await client.configureDevice('wg0', { peers })
    const after = await reader.read()
    expect(after).toEqual(await client.device('wg0'))
    const others = after.peers.filter((peer, i) => peer !== before.peers[i])
    expect(others.map(({ publicKey }) => publicKey)).toEqual(changed)
    await client.close()
  })

  it('zeroes the bytes that it remembers, when they are replaced and at the end', async () => {
    const { system, client } = await start({
      privateKey: SecretKey.generatePrivate(),
      ...peersOf(3),
    })
    const copies: Uint8Array[] = []
    using spy = jest.spyOn(Uint8Array.prototype, 'slice').mockImplementation(function copy(
      this: Uint8Array,
      ...range
    ) {
      const result = Uint8Array.from(this.subarray(...range))
      if (result.length > 200) copies.push(result)
      return result
    })
    const reader = client.reader('wg0')
    await reader.read()
    const first = copies.splice(0)
    await client.configureDevice('wg0', { listenPort: 7 })
    await reader.read()
    const second = copies.splice(0)
    expect(first.map((bytes) => bytes.every((byte) => byte === 0))).toEqual([true])
    expect(second.map((bytes) => bytes.some((byte) => byte !== 0))).toEqual([true])
    reader.close()
    expect(second.map((bytes) => bytes.every((byte) => byte === 0))).toEqual([true])
    expect(spy).toHaveBeenCalled()
    await client.close()
    expect(system.devices).toHaveLength(1)
  })

  it('gives the same as a decoder without memory for any bytes', async () => {
    const { system, client } = await start(peersOf(40))
    await client.close()
    const device = { ...WG0, peers: [] }
    const [payload] = system.devices[0]!.dump(8000)
    const original = Buffer.from(encodeMessage({ type: 0x23, flags: 2, sequence: 1 }, payload!))
    let seed = 1
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((seed / 2 ** 32) * below)
    }
    for (let round = 0; round < 3000; round++) {
      const memory = new DumpMemory(100)
      const mutated = Buffer.from(original)
      for (let i = random(3); i >= 0; i--) mutated[16 + random(mutated.length - 16)] = random(256)
      memory.begin()
      decoded(original, memory)
      memory.commit(device)
      memory.begin()
      if (mutated.equals(original)) continue
      expect(decoded(mutated, memory)).toEqual(decoded(mutated))
    }
  })

  it('remembers nothing of a device with more peers than it may, until it has fewer', async () => {
    const { client } = await start(peersOf(200))
    const reader = client.reader('wg0', { mostPeers: 199 })
    const reads: Device[] = []
    for (let i = 0; i < 3; i++) reads.push(await reader.read())
    expect(reads[2]).toEqual(reads[1])
    expect(reads[2]!.peers.some((peer) => reads[1]!.peers.includes(peer))).toBe(false)
    await client.configureDevice('wg0', { peers: [{ publicKey: publicKeyOf(7), remove: true }] })
    for (let i = 0; i < 3; i++) reads.push(await reader.read())
    expect(reads[5]!.peers.every((peer, i) => peer === reads[4]!.peers[i])).toBe(true)
    await client.close()
  })

  it('merges a peer of several messages anew, and leaves its parts as they are', async () => {
    const many = { peers: [{ publicKey: publicKeyOf(1), allowedIPs: allowedIPsOf(0, 1000) }] }
    const { client, reader } = await start(many, { dumpLimit: 1000 })
    const expected = await client.device('wg0')
    for (let i = 0; i < 3; i++) expect(await reader.read()).toEqual(expected)
    await client.close()
  })

  it('shares nothing with a plain read', async () => {
    const { client, reader } = await start(peersOf(5))
    await reader.read()
    const { peers } = await client.device('wg0')
    expect(peers.some((peer) => Object.isFrozen(peer))).toBe(false)
    await client.close()
  })

  it('reads endpoints with a zone anew', async () => {
    const peer = { publicKey: publicKeyOf(1), endpoint: '[fe80::1%lo]:1' }
    const { client, reader } = await start({ peers: [peer] })
    const [before] = (await reader.read()).peers
    const [after] = (await reader.read()).peers
    expect(after).toEqual(before)
    expect(after).not.toBe(before)
    await client.close()
  })

  it('remembers nothing once it is closed', async () => {
    const { client, reader } = await start(peersOf(5))
    const before = await reader.read()
    reader.close()
    const after = await reader.read()
    const again = await reader.read()
    expect(again).toEqual(before)
    expect([after.peers[0] === before.peers[0], again.peers[0] === after.peers[0]]).toEqual([
      false,
      false,
    ])
    await client.close()
  })

  it('keeps nothing of a read during which the device changed', async () => {
    const system = new FakeSystem({
      answer: (request, usual) => {
        const isRead = request.type === 0x23 && request.payload[0] === WG_CMD_GET_DEVICE
        if (!isRead || ++reads !== 2) return usual()
        return dump(request, wg0, 4000, () => true)
      },
    })
    let reads = 0
    const wg0 = system.add('wg0')
    const client = new NetlinkClient(system.kernel)
    await client.configureDevice('wg0', peersOf(100))
    const reader = client.reader('wg0')
    const before = await reader.read()
    const after = await reader.read()
    expect(reads).toBe(3)
    expect(after.peers.every((peer, i) => peer === before.peers[i])).toBe(true)
    await client.close()
  })
})

/** What a datagram of one message means. Of several faults, either may be found first. */
function decoded(datagram: Buffer, memory?: DumpMemory): unknown {
  const message = new MessageReader(Buffer.from(datagram))
  message.next()
  const { zones } = new FakeSystem().kernel
  try {
    const part = memory?.decode(message, zones)[0] ?? decodeDevice(message, zones)
    return { attributes: part.attributes, peers: part.peers }
  } catch (error) {
    return error instanceof MalformedMessageError ? 'malformed' : String(error)
  }
}
