import { type CheckedDeviceConfig, type CheckedPeerConfig, removesSome } from 'wireguardcfg/backend'
import { atPath, isMove } from 'wireguardcfg/internal'
import { encodeGenlHeader } from '../../genl/message.js'
import { AttributeWriter } from '../../netlink/attribute-writer.js'
import { NLMSG_HDRLEN } from '../../netlink/constants.js'
import {
  WG_CMD_SET_DEVICE,
  WG_GENL_VERSION,
  WGDEVICE_A_PEERS,
  WGPEER_A_ALLOWEDIPS,
} from '../constants.js'
import {
  writeAllowedIP,
  writeContinuation,
  writeDeviceFields,
  writePeer,
  writeSelector,
} from './encode.js'
import { encodeSockaddr, type Zones } from '../structs.js'

/**
 * The maximum length of one SET message in bytes, headers included. While the kernel processes a
 * message, it holds the lock of all network configuration (RTNL). In that time it computes a
 * curve25519 for every new peer.
 */
export const MAX_SET_MESSAGE = 16 * 1024

/** Options of {@link splitDeviceConfig}. */
export interface SplitOptions {
  readonly zones: Zones
  /**
   * The maximum length of one message in bytes, at most 60,000; default {@link MAX_SET_MESSAGE}. A
   * single entry may still exceed it.
   */
  readonly limit?: number | undefined
  /**
   * Whether the kernel can remove single allowed IPs. If not, `removeAllowedIPs` of the peers is
   * ignored.
   */
  readonly removeAllowedIPs?: boolean | undefined
}

/** One SET message. */
export interface SetMessage {
  /**
   * genlmsghdr and attributes. They are valid until the message after the next one is requested,
   * and are zeroed then or at the end. If an error prevents the next message, this one is not
   * zeroed: its sender must do that.
   */
  readonly payload: Uint8Array
  /**
   * How many peers of the configuration have been applied completely after this message. Only the
   * last message completes all of them.
   */
  readonly completedPeers: number
}

/**
 * Checks that every zone of an endpoint names an interface, before anything is sent.
 *
 * @throws WireGuardError `EINVAL` with the path of the endpoint
 */
export function checkZones(config: CheckedDeviceConfig, zones: Zones): void {
  const { peers = [] } = config
  for (let i = 0; i < peers.length; i++) {
    const { endpoint } = peers[i]!
    if (endpoint?.host.includes('%') !== true) continue
    atPath(`peers[${i}].endpoint`, () => encodeSockaddr(endpoint, zones))
  }
}

/**
 * Yields the SET messages that apply a configuration, in order. There is at least one, so that the
 * kernel reports whether the device exists. Only the first message has the attributes and flags of
 * the device. Only the first entry of a peer has its attributes. Send each message after the
 * previous one is acknowledged, and stop at the first error.
 */
export function* splitDeviceConfig(
  device: string | number,
  config: CheckedDeviceConfig,
  options: SplitOptions,
): Generator<SetMessage, void, undefined> {
  const message = new MessageBuilder(device, options)
  const { peers = [] } = config
  try {
    message.begin()
    message.writeDeviceFields(config)
    for (let i = 0; i < peers.length; i++) {
      const peer = peers[i]!
      if (isMove(peers, i)) {
        if (!message.writeMove(peer, peers[i + 1]!)) {
          yield message.end(i)
          message.next()
          message.writeMove(peer, peers[i + 1]!)
        }
        i++
        continue
      }
      const removals =
        options.removeAllowedIPs === true && config.replacePeers !== true && removesSome(peer)
          ? (peer.removeAllowedIPs ?? NONE)
          : NONE
      const additions = peer.remove === true ? NONE : (peer.allowedIPs ?? NONE)
      // When a wider one takes the place of a narrower one, no packet is lost in between.
      const allowedIPs = removals.length === 0 ? additions : [...additions, ...removals]
      let next = message.writePeer(peer, allowedIPs, additions.length, 0)
      while (next !== allowedIPs.length) {
        yield message.end(i)
        message.next()
        next = message.writePeer(peer, allowedIPs, additions.length, Math.max(next, 0))
      }
    }
    yield message.end(peers.length)
  } catch (error) {
    message.releaseLast()
    throw error
  } finally {
    message.clear()
  }
}

const NONE: readonly string[] = []

/**
 * Builds one message after the other, in two arrays by turns: the kernel receives one while the
 * next one is built.
 */
class MessageBuilder {
  #writer: AttributeWriter
  #before: AttributeWriter | undefined
  readonly #device: string | number
  readonly #zones: Zones
  readonly #limit: number
  /** The offset of the nest of peers, once it is begun. */
  #peers: number | undefined

  constructor(device: string | number, { zones, limit = MAX_SET_MESSAGE }: SplitOptions) {
    this.#writer = new AttributeWriter(limit)
    this.#device = device
    this.#zones = zones
    this.#limit = limit - NLMSG_HDRLEN
  }

  begin(): void {
    this.#writer.raw(encodeGenlHeader(WG_CMD_SET_DEVICE, WG_GENL_VERSION))
    writeSelector(this.#writer, this.#device)
  }

  end(completedPeers: number): SetMessage {
    if (this.#peers !== undefined) this.#writer.end(this.#peers)
    return { payload: this.#writer.bytes(), completedPeers }
  }

  /** Begins the next message. */
  next(): void {
    const writer = this.#before?.reset() ?? new AttributeWriter(this.#limit + NLMSG_HDRLEN)
    this.#before = this.#writer
    this.#writer = writer
    this.#peers = undefined
    this.begin()
  }

  /** The sender now owns the last payload: do not zero it. It may still be waiting to be sent. */
  releaseLast(): void {
    this.#before = undefined
  }

  /** Zeroes the written bytes, which may be keys. */
  clear(): void {
    this.#writer.reset()
    this.#before?.reset()
  }

  writeDeviceFields(config: CheckedDeviceConfig): void {
    writeDeviceFields(this.#writer, config)
  }

  /**
   * Writes an entry of a peer with as many of its allowed IPs, from index `from` on, as fit into
   * the message. Returns the index of the first one that is left. Returns -1 if nothing was
   * written, because not even an entry with one allowed IP fits after those of other peers.
   */
  writePeer(
    peer: CheckedPeerConfig,
    allowedIPs: readonly string[],
    additions: number,
    from: number,
  ): number {
    const writer = this.#writer
    const first = this.#peers === undefined
    const mark = writer.length
    this.#peers ??= writer.begin(WGDEVICE_A_PEERS)
    const entry = writer.begin(0)
    if (from === 0) writePeer(writer, peer, this.#zones)
    else writeContinuation(writer, peer)
    const list = allowedIPs.length > 0 ? writer.begin(WGPEER_A_ALLOWEDIPS) : undefined
    let next = from
    for (; next < allowedIPs.length; next++) {
      const before = writer.length
      writeAllowedIP(writer, allowedIPs[next]!, next >= additions)
      if (writer.length > this.#limit && next > from) {
        writer.cancel(before)
        break
      }
      if (writer.length > this.#limit) {
        next++
        break
      }
    }
    if (writer.length > this.#limit && !first) {
      writer.cancel(mark)
      return -1
    }
    if (list !== undefined) writer.end(list)
    writer.end(entry)
    return next
  }

  /**
   * Writes a peer and the entry that removes it again. They are never in two messages: no other
   * process sees the peer, and none is left if this process ends. Returns false if nothing was
   * written, because they do not fit after the entries of other peers.
   */
  writeMove(peer: CheckedPeerConfig, removal: CheckedPeerConfig): boolean {
    const writer = this.#writer
    const first = this.#peers === undefined
    const mark = writer.length
    this.#peers ??= writer.begin(WGDEVICE_A_PEERS)
    const entry = writer.begin(0)
    writePeer(writer, peer, this.#zones)
    const list = writer.begin(WGPEER_A_ALLOWEDIPS)
    for (const allowedIP of peer.allowedIPs ?? NONE) writeAllowedIP(writer, allowedIP, false)
    writer.end(list)
    writer.end(entry)
    const end = writer.begin(0)
    writePeer(writer, removal, this.#zones)
    writer.end(end)
    if (writer.length <= this.#limit || first) return true
    writer.cancel(mark)
    return false
  }
}
