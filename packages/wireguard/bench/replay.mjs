// A kernel that replays a dump, for `new NetlinkClient(replay(...))`. All code above the system
// calls can so be measured on a machine whose kernel has no WireGuard.
import { createHash } from 'node:crypto'
import { AttributeWriter, encodeMessage, Families, RemovalSupport, wg } from './dist/internals.js'

const FAMILY = 0x23
const GENL_ID_CTRL = 0x10
const CTRL_ATTR_FAMILY_ID = 1
const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const NLM_F_MULTI = 2
const PORT_ID = 0xffff_ff00
/** The largest datagram of a dump: 32 KiB less the overhead of the kernel (af_netlink.c). */
const DATAGRAM = 32_448

// An attribute of a counter has 12 bytes. That of the bytes received follows that of the sent ones.
const TX_HEADER = 12 | (wg.WGPEER_A_TX_BYTES << 16)
const RX_HEADER = 12 | (wg.WGPEER_A_RX_BYTES << 16)

/** @import { Kernel } from '../../wireguardnl/src/wireguard/kernel.js' */

/**
 * Returns the payloads of a dump, as the kernel sends it. Each peer has a preshared key, an IPv4
 * endpoint, one IPv4 and one IPv6 allowed IP.
 *
 * @param {number} peers at most 2^20
 * @returns {Uint8Array[]} genlmsghdr and attributes of each message; one message fills a datagram
 */
export function dumpPayloads(peers) {
  const payloads = []
  for (let i = 0; i < peers;) {
    const writer = new AttributeWriter(DATAGRAM)
    writer.raw(Uint8Array.of(wg.WG_CMD_GET_DEVICE, 1, 0, 0))
    if (i === 0) writeDevice(writer)
    const list = writer.begin(wg.WGDEVICE_A_PEERS)
    for (; i < peers; i++) {
      const mark = writer.length
      writePeer(writer, i)
      if (writer.length + 16 <= DATAGRAM) continue
      writer.cancel(mark)
      break
    }
    payloads.push(writer.end(list).bytes())
  }
  return payloads
}

/**
 * Lets the device have received more from some of the peers.
 *
 * @param {readonly Uint8Array[]} payloads as of `dumpPayloads`
 * @param {(peer: number) => boolean} isChanged
 */
export function changeCounters(payloads, isChanged) {
  let peer = 0
  for (const payload of payloads) {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
    for (let at = 4; at + 24 <= payload.length; at += 4) {
      if (view.getUint32(at, true) !== TX_HEADER) continue
      if (view.getUint32(at + 12, true) !== RX_HEADER) continue
      const bytes = view.getBigUint64(at + 16, true)
      if (isChanged(peer++)) view.setBigUint64(at + 16, bytes + 100n, true)
    }
  }
}

/**
 * Returns the datagrams of a dump, for decoders.
 *
 * @param {readonly Uint8Array[]} payloads
 * @returns {Uint8Array[]}
 */
export function datagramsOf(payloads) {
  const header = { type: FAMILY, flags: NLM_F_MULTI, sequence: 1, portId: PORT_ID }
  return payloads.map((payload) => encodeMessage(header, payload))
}

/**
 * Returns a kernel in which every device has these peers, `times` times.
 *
 * @param {readonly Uint8Array[]} payloads
 * @param {number} [times]
 * @returns {Kernel}
 */
export function replay(payloads, times = 1) {
  return {
    open: () => new ReplaySocket(payloads, times),
    zones: { index: () => 0, name: () => undefined },
    families: new Families(),
    removal: new RemovalSupport('6.12.0-replay'),
    namespace: 'replay',
  }
}

class ReplaySocket {
  portId = PORT_ID
  #payloads
  #times
  #buffer = new Uint8Array(65_536)
  #view = new DataView(this.#buffer.buffer)
  #received = this.#buffer
  /** @type {Uint8Array[]} */
  #queue = []
  #sequence = 0
  #next = 0
  #end = -1

  /**
   * @param {readonly Uint8Array[]} payloads
   * @param {number} times
   */
  constructor(payloads, times) {
    this.#payloads = payloads
    this.#times = times
  }

  /** @param {Uint8Array} datagram */
  send(datagram) {
    const view = new DataView(datagram.buffer, datagram.byteOffset)
    this.#sequence = view.getUint32(8, true)
    if (view.getUint16(4, true) === GENL_ID_CTRL) {
      const writer = new AttributeWriter().raw(Uint8Array.of(1, 2, 0, 0))
      const family = writer.u16(CTRL_ATTR_FAMILY_ID, FAMILY).bytes()
      this.#queue = [
        this.#message(GENL_ID_CTRL, 0, family),
        this.#message(NLMSG_ERROR, 0, new Uint8Array(20)),
      ]
    } else {
      this.#next = 0
      this.#end = this.#payloads.length * this.#times
    }
  }

  /** @param {Uint8Array} datagram */
  async sendAsync(datagram) {
    this.send(datagram)
  }

  async receiveAsync() {
    return this.receive()
  }

  receive() {
    const datagram = this.#queue.shift()
    if (datagram !== undefined) return this.#fill(datagram)
    if (this.#next > this.#end) return undefined
    const i = this.#next++
    if (i === this.#end)
      return this.#fill(this.#message(NLMSG_DONE, NLM_F_MULTI, new Uint8Array(4)))
    // Copy into the one buffer, as recv(2) does. A message in between would add garbage to the
    // measurement.
    const payload = this.#payloads[i % this.#payloads.length]
    const length = 16 + payload.length
    const view = this.#view
    view.setUint32(0, length, true)
    view.setUint16(4, FAMILY, true)
    view.setUint16(6, NLM_F_MULTI, true)
    view.setUint32(8, this.#sequence, true)
    view.setUint32(12, PORT_ID, true)
    this.#buffer.set(payload, 16)
    return this.#filled(length)
  }

  async close() {
    this.#end = -1
  }

  /** @param {Uint8Array} datagram */
  #fill(datagram) {
    this.#buffer.set(datagram)
    return this.#filled(datagram.length)
  }

  /**
   * The same array for the same length, as the socket of the kernel.
   *
   * @param {number} length
   */
  #filled(length) {
    if (this.#received.length !== length) this.#received = this.#buffer.subarray(0, length)
    return this.#received
  }

  /**
   * @param {number} type
   * @param {number} flags
   * @param {Uint8Array} payload
   */
  #message(type, flags, payload) {
    return encodeMessage({ type, flags, sequence: this.#sequence, portId: PORT_ID }, payload)
  }
}

/** @param {AttributeWriter} writer */
function writeDevice(writer) {
  writer.u16(wg.WGDEVICE_A_LISTEN_PORT, 51_820)
  writer.u32(wg.WGDEVICE_A_FWMARK, 0)
  writer.u32(wg.WGDEVICE_A_IFINDEX, 4)
  writer.string(wg.WGDEVICE_A_IFNAME, 'wg0')
}

/**
 * @param {AttributeWriter} writer
 * @param {number} i
 */
function writePeer(writer, i) {
  const entry = writer.begin(0)
  writer.blob(wg.WGPEER_A_PUBLIC_KEY, bytesOf(`public ${i}`))
  writer.blob(wg.WGPEER_A_PRESHARED_KEY, bytesOf(`preshared ${i}`))
  writer.blob(wg.WGPEER_A_LAST_HANDSHAKE_TIME, timespec(1_700_000_000 + i))
  writer.u16(wg.WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, 25)
  writer.u64(wg.WGPEER_A_TX_BYTES, 1000 * i)
  writer.u64(wg.WGPEER_A_RX_BYTES, 2000 * i)
  writer.u32(wg.WGPEER_A_PROTOCOL_VERSION, 1)
  const [page, high, low] = [i >> 16, (i >> 8) & 255, i & 255]
  const endpoint = new Uint8Array(16)
  endpoint.set([wg.AF_INET, 0, 0xca, 0x6c, 198, 51 + page, high, low])
  writer.blob(wg.WGPEER_A_ENDPOINT, endpoint)
  const allowedIPs = writer.begin(wg.WGPEER_A_ALLOWEDIPS)
  writeRange(writer, wg.AF_INET, Uint8Array.of(10, 7 + page, high, low))
  const v6 = new Uint8Array(16)
  v6.set([0xfd, 0, 0, 7])
  v6.set([page, high, low], 13)
  writeRange(writer, wg.AF_INET6, v6)
  writer.end(allowedIPs).end(entry)
}

/**
 * @param {AttributeWriter} writer
 * @param {number} family
 * @param {Uint8Array} address
 */
function writeRange(writer, family, address) {
  const entry = writer.begin(0)
  writer.u8(wg.WGALLOWEDIP_A_CIDR_MASK, 8 * address.length)
  writer.u16(wg.WGALLOWEDIP_A_FAMILY, family)
  writer.blob(wg.WGALLOWEDIP_A_IPADDR, address)
  writer.end(entry)
}

/** @param {string} text */
function bytesOf(text) {
  return new Uint8Array(createHash('sha256').update(text).digest())
}

/** @param {number} seconds */
function timespec(seconds) {
  return new Uint8Array(BigInt64Array.of(BigInt(seconds), 0n).buffer)
}
