import { isWireGuardError } from 'wireguardcfg'
import { type CheckedDeviceConfig, type CheckedPeerConfig, removesSome } from 'wireguardcfg/backend'
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
 * The most bytes of one SET message, headers included. The kernel holds the lock of all network
 * configuration (RTNL) for a whole message, and computes a curve25519 for every new peer meanwhile.
 */
export const MAX_SET_MESSAGE = 16 * 1024

/** How a configuration is split. */
export interface SplitOptions {
  readonly zones: Zones
  /**
   * The most bytes of one message, at most 60,000; default {@link MAX_SET_MESSAGE}. A single entry
   * may still exceed it.
   */
  readonly limit?: number | undefined
  /**
   * Whether the kernel can remove single allowed IPs; otherwise the configuration asks for none.
   */
  readonly removeAllowedIPs?: boolean | undefined
}

/** One SET message. */
export interface SetMessage {
  /**
   * genlmsghdr and attributes: valid until the message after the next one is asked for, zeroed then
   * or at the end. When there is no next one because of an error, this one is left as it is, to be
   * zeroed by whoever sends it.
   */
  readonly payload: Uint8Array
  /**
   * How many peers of the configuration are completely applied with this message: all of them with
   * the last one only.
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
    try {
      encodeSockaddr(endpoint, zones)
    } catch (error) {
      throw isWireGuardError(error) ? error.with({ path: `peers[${i}].endpoint` }) : error
    }
  }
}

/**
 * The SET messages that apply a configuration, in order; there is at least one, so that the kernel
 * says whether there is such a device. Attributes of the device and its flags are in the first one
 * only, the attributes of a peer in its first entry. Send each when the one before is acknowledged,
 * and stop at the first error.
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
      const removals =
        options.removeAllowedIPs === true && config.replacePeers !== true && removesSome(peer)
          ? (peer.removeAllowedIPs ?? NONE)
          : NONE
      const additions = peer.remove === true ? NONE : (peer.allowedIPs ?? NONE)
      const ranges = removals.length === 0 ? additions : [...removals, ...additions]
      // A peer that is added and removed at once goes in one message, so that nobody sees it.
      const together = peer.remove === true && peers[i - 1]?.publicKey === peer.publicKey
      let next = message.writePeer(peer, ranges, removals.length, 0, together)
      while (next !== ranges.length) {
        yield message.end(i)
        message.next()
        next = message.writePeer(peer, ranges, removals.length, Math.max(next, 0))
      }
    }
    yield message.end(peers.length)
  } catch (error) {
    message.leaveLast()
    throw error
  } finally {
    message.clear()
  }
}

const NONE: readonly string[] = []

/**
 * Builds one message after the other, in two arrays in turns: one is on its way to the kernel while
 * the next one is built.
 */
class MessageBuilder {
  #writer: AttributeWriter
  #before: AttributeWriter | undefined
  readonly #device: string | number
  readonly #zones: Zones
  readonly #limit: number
  /** The nest of peers, once it is begun. */
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

  /** Goes on to the next message. */
  next(): void {
    const writer = this.#before?.reset() ?? new AttributeWriter(this.#limit + NLMSG_HDRLEN)
    this.#before = this.#writer
    this.#writer = writer
    this.#peers = undefined
    this.begin()
  }

  /** Leaves the last message to whom it was given: it may be waiting to be sent. */
  leaveLast(): void {
    this.#before = undefined
  }

  /** Zeroes what was written: it may have been keys. */
  clear(): void {
    this.#writer.reset()
    this.#before?.reset()
  }

  writeDeviceFields(config: CheckedDeviceConfig): void {
    writeDeviceFields(this.#writer, config)
  }

  /**
   * Writes an entry of a peer with as many of its ranges, from `from` on, as the message holds.
   * Returns the first range that is left; -1 when nothing was written, because not even an entry
   * with one range fits behind those of other peers.
   */
  writePeer(
    peer: CheckedPeerConfig,
    ranges: readonly string[],
    removals: number,
    from: number,
    together = false,
  ): number {
    const writer = this.#writer
    const first = this.#peers === undefined
    const mark = writer.length
    this.#peers ??= writer.begin(WGDEVICE_A_PEERS)
    const entry = writer.begin(0)
    if (from === 0) writePeer(writer, peer, this.#zones)
    else writeContinuation(writer, peer)
    const list = ranges.length > 0 ? writer.begin(WGPEER_A_ALLOWEDIPS) : undefined
    let next = from
    for (; next < ranges.length; next++) {
      const before = writer.length
      writeAllowedIP(writer, ranges[next]!, next < removals)
      if (writer.length > this.#limit && next > from) {
        writer.cancel(before)
        break
      }
      if (writer.length > this.#limit) {
        next++
        break
      }
    }
    if (writer.length > this.#limit && !first && !together) {
      writer.cancel(mark)
      return -1
    }
    if (list !== undefined) writer.end(list)
    writer.end(entry)
    return next
  }
}
