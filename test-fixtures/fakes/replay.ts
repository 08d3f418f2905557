// A device of any number of peers: the datagrams of its dump are made once and sent repeatedly.
import { GENL_ID_CTRL } from '../../packages/wireguardnl/src/genl/constants.js'
import { Families } from '../../packages/wireguardnl/src/genl/family.js'
import { encodeGenlHeader } from '../../packages/wireguardnl/src/genl/message.js'
import { AttributeWriter } from '../../packages/wireguardnl/src/netlink/attribute-writer.js'
import { LITTLE_ENDIAN, viewOf } from '../../packages/wireguardnl/src/netlink/endian.js'
import { MessageReader } from '../../packages/wireguardnl/src/netlink/message.js'
import type { Socket } from '../../packages/wireguardnl/src/netlink/socket.js'
import { type Kernel, RemovalSupport } from '../../packages/wireguardnl/src/wireguard/kernel.js'
import { ack, done, type FakeRequest, reply } from './kernel.js'
import { FakeDevice } from './wireguard.js'

const FAMILY = 0x23
/** What fits into a datagram of 32 KiB. */
const PEERS_OF_A_MESSAGE = 150
const MESSAGES = 10

/**
 * A kernel with one device, `wg0`, whose peers all have a preshared key, an endpoint and two
 * allowed IPs. The keys repeat after 1,500 peers.
 */
export function replayed(peers: number): Kernel {
  const payloads = Array.from({ length: MESSAGES }, (_, message) =>
    payloadOf(message * PEERS_OF_A_MESSAGE, PEERS_OF_A_MESSAGE),
  )
  const rest = peers % PEERS_OF_A_MESSAGE
  const last = rest === 0 ? [] : [payloadOf(MESSAGES * PEERS_OF_A_MESSAGE, rest)]
  const messages = Math.floor(peers / PEERS_OF_A_MESSAGE)
  function* dump(): Generator<Uint8Array, void> {
    for (let i = 0; i < messages; i++) yield payloads[i % MESSAGES]!
    yield* last
  }
  return {
    families: new Families(),
    removal: new RemovalSupport('6.12.0-replay'),
    cookie: () => undefined,
    release: '6.12.0-replay',
    namespace: 'replay',
    zones: { index: () => 0, name: () => undefined },
    open: () => new ReplaySocket(dump),
  }
}

/** A socket with one receive buffer, like that of the kernel. */
class ReplaySocket implements Socket {
  readonly portId = 0xffff_ff00
  readonly #dump: () => Iterator<Uint8Array, void>
  readonly #buffer = new Uint8Array(65_536)
  #request: FakeRequest | undefined
  #queue: Uint8Array[] = []
  #payloads: Iterator<Uint8Array, void> | undefined

  constructor(dump: () => Iterator<Uint8Array, void>) {
    this.#dump = dump
  }

  send(datagram: Uint8Array): void {
    const message = new MessageReader(datagram)
    message.next()
    const { type, flags, sequence } = message
    const payload = datagram.slice(message.start, message.end)
    const request = { type, flags, sequence, portId: this.portId, payload, bytes: datagram.slice() }
    this.#request = request
    if (type === GENL_ID_CTRL) {
      const family = new AttributeWriter().raw(encodeGenlHeader(1, 2)).u16(1, FAMILY).bytes()
      this.#queue = [reply(request, family), ack(request)]
    } else {
      this.#payloads = this.#dump()
    }
  }

  sendAsync(datagram: Uint8Array): Promise<void> {
    this.send(datagram)
    return Promise.resolve()
  }

  receive(): Uint8Array | undefined {
    const datagram = this.#queue.shift() ?? this.#next()
    if (datagram === undefined) return undefined
    this.#buffer.set(datagram)
    return this.#buffer.subarray(0, datagram.length)
  }

  receiveAsync(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.receive())
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #next(): Uint8Array | undefined {
    const request = this.#request
    const next = this.#payloads?.next()
    if (request === undefined || next === undefined) return undefined
    if (next.done !== true) return reply(request, next.value, { flags: 2 })
    this.#payloads = undefined
    return done(request)
  }
}

function payloadOf(first: number, count: number): Uint8Array {
  const device = new FakeDevice('wg0', 4)
  for (let i = first; i < first + count; i++) device.peers.set(String(i), peerOf(i))
  const [payload] = device.dump(40_000)
  return payload!.slice()
}

function peerOf(i: number): ReturnType<FakeDevice['peers']['get']> & object {
  const key = new Uint8Array(32).fill(0x5a)
  viewOf(key).setUint32(0, i, LITTLE_ENDIAN)
  const address = Uint8Array.of(10, 7, (i >> 8) & 255, i & 255)
  const address6 = new Uint8Array(16)
  address6.set([0xfd, 0, 0, 7])
  address6.set(address.subarray(2), 14)
  return {
    key,
    psk: key.toReversed(),
    endpoint: Uint8Array.of(2, 0, 0xca, 0x6c, 198, 51, 100, i & 255, 0, 0, 0, 0, 0, 0, 0, 0),
    keepalive: 25,
    handshake: new Uint8Array(16).fill(1, 0, 3),
    rx: 1000 * i,
    tx: 2000 * i,
    allowedIPs: new Map([
      ['4', { family: 2, cidr: 32, address }],
      ['6', { family: 10, cidr: 128, address: address6 }],
    ]),
  }
}
