// The kernel's WireGuard as far as its netlink interface shows it: what
// drivers/net/wireguard/netlink.c does with a WG_CMD_SET_DEVICE and how it cuts a WG_CMD_GET_DEVICE
// dump into messages.
import { SecretKey } from 'wireguardcfg'
import { AttributeReader } from '../../packages/wireguardnl/src/netlink/attribute-reader.js'
import { AttributeWriter } from '../../packages/wireguardnl/src/netlink/attribute-writer.js'
import * as wg from '../../packages/wireguardnl/src/wireguard/constants.js'

const EINVAL = 22
const EOPNOTSUPP = 95
const EADDRINUSE = 98
const GENL_HDRLEN = 4

/** How this kernel differs from the default, which is Linux 6.12. */
export interface FakeDeviceOptions {
  /** Removes single allowed IPs by their flag, as Linux 6.16 and later do. */
  removeFlag?: boolean
  /** Ports that another socket uses. */
  takenPorts?: readonly number[]
  /** The first port that port 0 chooses; each choice adds 1. */
  nextPort?: number
}

interface FakePeer {
  readonly key: Uint8Array
  psk: Uint8Array
  endpoint: Uint8Array | undefined
  keepalive: number
  handshake: Uint8Array
  rx: number
  tx: number
  /** By prefix, in the order of insertion; family, prefix length and address. */
  readonly allowedIPs: Map<string, FakeAllowedIP>
}

interface FakeAllowedIP {
  readonly family: number
  readonly cidr: number
  readonly address: Uint8Array
}

/** One interface. */
export class FakeDevice {
  readonly name: string
  readonly index: number
  readonly options: FakeDeviceOptions
  privateKey: Uint8Array | undefined
  port = 0
  mark = 0
  /** Counted up by every SET. */
  generation = 0
  readonly peers = new Map<string, FakePeer>()
  #nextPort: number
  #derived: { readonly of: Uint8Array; readonly key: string } | undefined

  constructor(name = 'wg0', index = 4, options: FakeDeviceOptions = {}) {
    this.name = name
    this.index = index
    this.options = options
    this.#nextPort = options.nextPort ?? 40_000
  }

  /**
   * Applies the payload (genlmsghdr and attributes) of a SET whose selector is already resolved;
   * the errno, 0 for success.
   */
  set(payload: Uint8Array): number {
    let flags = 0
    let port: number | undefined
    let privateKey: Uint8Array | undefined
    let peers: AttributeReader | undefined
    const attribute = new AttributeReader(payload, GENL_HDRLEN)
    this.generation++
    while (attribute.next()) {
      if (attribute.type === wg.WGDEVICE_A_FLAGS) flags = attribute.u32()
      else if (attribute.type === wg.WGDEVICE_A_LISTEN_PORT) port = attribute.u16()
      else if (attribute.type === wg.WGDEVICE_A_FWMARK) this.mark = attribute.u32()
      else if (attribute.type === wg.WGDEVICE_A_PRIVATE_KEY) privateKey = copy(attribute)
      else if (attribute.type === wg.WGDEVICE_A_PEERS) peers = attribute.nested()
    }
    if ((flags & ~wg.WGDEVICE_F_REPLACE_PEERS) !== 0) return EOPNOTSUPP
    if (port !== undefined && this.options.takenPorts?.includes(port) === true) return EADDRINUSE
    if (port !== undefined) this.port = port === 0 ? this.#nextPort++ : port
    if ((flags & wg.WGDEVICE_F_REPLACE_PEERS) !== 0) this.peers.clear()
    if (privateKey !== undefined) this.#setPrivateKey(privateKey)
    while (peers?.next() === true) {
      const errno = this.#setPeer(peers.nested())
      if (errno !== 0) return errno
    }
    return 0
  }

  /** The payloads of a dump, none longer than `limit`. */
  *dump(limit: number): Generator<Uint8Array, void, undefined> {
    const peers = [...this.peers.values()].map((peer) => ({
      ...peer,
      list: [...peer.allowedIPs.values()],
    }))
    let done = 0
    let from = 0
    do {
      const writer = new AttributeWriter()
      writer.raw(Uint8Array.of(wg.WG_CMD_GET_DEVICE, 1, 0, 0))
      if (done === 0) this.#writeDevice(writer)
      const list = peers.length > 0 ? writer.begin(wg.WGDEVICE_A_PEERS) : undefined
      for (let room = true; room && done < peers.length;) {
        const next = writePeer(writer, peers[done]!, from, limit)
        room = next === undefined
        if (room) done++
        from = next ?? 0
      }
      if (list !== undefined) writer.end(list)
      yield writer.bytes()
    } while (done < peers.length)
  }

  #setPrivateKey(key: Uint8Array): void {
    if (key.every((byte) => byte === 0)) {
      this.privateKey = undefined
      return
    }
    this.privateKey = SecretKey.parse(key).clamped().bytes()
    this.peers.delete(this.#publicKey()!)
  }

  /** In hexadecimal. Kept, because every peer is compared with it. */
  #publicKey(): string | undefined {
    if (this.privateKey === undefined) return undefined
    if (this.#derived?.of !== this.privateKey) {
      const key = SecretKey.parse(this.privateKey).publicKey()
      this.#derived = { of: this.privateKey, key: Buffer.from(key, 'base64').toString('hex') }
    }
    return this.#derived.key
  }

  #setPeer(attribute: AttributeReader): number {
    const values = new Map<number, Uint8Array>()
    let flags = 0
    let keepalive: number | undefined
    while (attribute.next()) {
      values.set(attribute.type, copy(attribute))
      if (attribute.type === wg.WGPEER_A_FLAGS) flags = attribute.u32()
      if (attribute.type === wg.WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL) keepalive = attribute.u16()
    }
    const key = values.get(wg.WGPEER_A_PUBLIC_KEY)
    if (key === undefined) return EINVAL
    if ((flags & ~7) !== 0) return EOPNOTSUPP
    const id = Buffer.from(key).toString('hex')
    let peer = this.peers.get(id)
    if (peer === undefined) {
      if ((flags & (wg.WGPEER_F_REMOVE_ME | wg.WGPEER_F_UPDATE_ONLY)) !== 0) return 0
      if (id === this.#publicKey()) return 0
      peer = newPeer(key)
      this.peers.set(id, peer)
    }
    if ((flags & wg.WGPEER_F_REMOVE_ME) !== 0) {
      this.peers.delete(id)
      return 0
    }
    peer.psk = values.get(wg.WGPEER_A_PRESHARED_KEY) ?? peer.psk
    peer.endpoint = values.get(wg.WGPEER_A_ENDPOINT) ?? peer.endpoint
    if ((flags & wg.WGPEER_F_REPLACE_ALLOWEDIPS) !== 0) peer.allowedIPs.clear()
    const list = values.get(wg.WGPEER_A_ALLOWEDIPS)
    if (list !== undefined) {
      for (const entry = new AttributeReader(list); entry.next();) {
        const errno = this.#setAllowedIP(peer, entry.nested())
        if (errno !== 0) return errno
      }
    }
    peer.keepalive = keepalive ?? peer.keepalive
    return 0
  }

  #setAllowedIP(peer: FakePeer, attribute: AttributeReader): number {
    let family = 0
    let cidr = -1
    let flags = 0
    let address = new Uint8Array()
    while (attribute.next()) {
      if (attribute.type === wg.WGALLOWEDIP_A_FAMILY) family = attribute.u16()
      else if (attribute.type === wg.WGALLOWEDIP_A_CIDR_MASK) cidr = attribute.u8()
      else if (attribute.type === wg.WGALLOWEDIP_A_IPADDR) address = copy(attribute)
      else if (attribute.type === wg.WGALLOWEDIP_A_FLAGS) {
        if (this.options.removeFlag !== true) return EINVAL
        flags = attribute.u32()
      } else return EINVAL
    }
    const length = family === wg.AF_INET ? 4 : 16
    if (family !== wg.AF_INET && family !== wg.AF_INET6) return EINVAL
    if (address.length !== length || cidr < 0 || cidr > 8 * length) return EINVAL
    for (let bit = cidr; bit < 8 * length; bit++) address[bit >> 3]! &= ~(0x80 >> (bit & 7))
    const prefix = `${Buffer.from(address).toString('hex')}/${cidr}`
    if ((flags & wg.WGALLOWEDIP_F_REMOVE_ME) !== 0) {
      peer.allowedIPs.delete(prefix)
      return 0
    }
    for (const other of this.peers.values()) other.allowedIPs.delete(prefix)
    peer.allowedIPs.set(prefix, { family, cidr, address })
    return 0
  }

  #writeDevice(writer: AttributeWriter): void {
    writer.u16(wg.WGDEVICE_A_LISTEN_PORT, this.port)
    writer.u32(wg.WGDEVICE_A_FWMARK, this.mark)
    writer.u32(wg.WGDEVICE_A_IFINDEX, this.index)
    writer.string(wg.WGDEVICE_A_IFNAME, this.name)
    if (this.privateKey !== undefined) {
      writer.blob(wg.WGDEVICE_A_PRIVATE_KEY, this.privateKey)
      writer.blob(wg.WGDEVICE_A_PUBLIC_KEY, Buffer.from(this.#publicKey()!, 'hex'))
    }
  }
}

/** A struct __kernel_timespec. */
export function timespec(seconds: bigint, nanoseconds: bigint): Uint8Array<ArrayBuffer> {
  return new Uint8Array(BigInt64Array.of(seconds, nanoseconds).buffer)
}

/**
 * Writes one peer from its allowed IP `from` on. Returns the index of the first allowed IP that did
 * not fit, `undefined` when all did.
 */
function writePeer(
  writer: AttributeWriter,
  peer: FakePeer & { readonly list: readonly FakeAllowedIP[] },
  from: number,
  limit: number,
): number | undefined {
  const mark = writer.length
  const entry = writer.begin(0)
  writer.blob(wg.WGPEER_A_PUBLIC_KEY, peer.key)
  if (from === 0) {
    writer.blob(wg.WGPEER_A_PRESHARED_KEY, peer.psk)
    writer.blob(wg.WGPEER_A_LAST_HANDSHAKE_TIME, peer.handshake)
    writer.u16(wg.WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, peer.keepalive)
    // As on machines without cheap unaligned access: a pad of type 0.
    writer.flag(0)
    writer.u64(wg.WGPEER_A_TX_BYTES, peer.tx)
    writer.u64(wg.WGPEER_A_RX_BYTES, peer.rx)
    writer.u32(wg.WGPEER_A_PROTOCOL_VERSION, 1)
    if (peer.endpoint !== undefined) writer.blob(wg.WGPEER_A_ENDPOINT, peer.endpoint)
  }
  if (writer.length > limit) {
    writer.cancel(mark)
    return from
  }
  if (peer.allowedIPs.size > 0) {
    const nest = writer.begin(wg.WGPEER_A_ALLOWEDIPS)
    for (let i = from; i < peer.list.length; i++) {
      const { family, cidr, address } = peer.list[i]!
      const before = writer.length
      writer.nested(0, () =>
        writer
          .u8(wg.WGALLOWEDIP_A_CIDR_MASK, cidr)
          .u16(wg.WGALLOWEDIP_A_FAMILY, family)
          .blob(wg.WGALLOWEDIP_A_IPADDR, address),
      )
      if (writer.length > limit) {
        writer.cancel(before).end(nest).end(entry)
        return i
      }
    }
    writer.end(nest)
  }
  writer.end(entry)
  return undefined
}

function newPeer(key: Uint8Array): FakePeer {
  return {
    key,
    psk: new Uint8Array(wg.WG_KEY_LEN),
    endpoint: undefined,
    keepalive: 0,
    handshake: timespec(0n, 0n),
    rx: 0,
    tx: 0,
    allowedIPs: new Map(),
  }
}

function copy(attribute: AttributeReader): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(attribute.bytes())
}
