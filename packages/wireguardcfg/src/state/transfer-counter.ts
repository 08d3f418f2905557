import type { Device, Peer } from '../model/device.js'
import type { PublicKey } from '../model/key.js'
import { checkReadDevice } from '../model/read-device.js'
import { JsonReader } from './json-reader.js'

/** What was transferred with one peer, in bytes. */
export interface PeerTransfer {
  /** Received since the update before. */
  readonly receiveDelta: number
  /** Sent since the update before. */
  readonly transmitDelta: number
  /** Received in all. Exact up to 2^53. */
  readonly receiveTotal: number
  /** Sent in all. Exact up to 2^53. */
  readonly transmitTotal: number
  /**
   * Whether the counters of the device have begun again since the update before, because the
   * interface or the peer was made anew. What was transferred between that update and the end of
   * the old one is not known, and in no number.
   */
  readonly reset: boolean
}

/** A {@link TransferCounter} as JSON. */
export interface TransferCounterJSON {
  /** The version of this form. */
  readonly version: 1
  /** By interface name. */
  readonly devices: Readonly<Record<string, DeviceTransferJSON>>
}

/** The part of one interface of {@link TransferCounterJSON}. */
export interface DeviceTransferJSON {
  /** Tells an interface from another one of the same name. */
  readonly identity: string
  /** By public key. */
  readonly peers: Readonly<Record<PublicKey, PeerTransferJSON>>
}

/** The part of one peer of {@link TransferCounterJSON}, in bytes. */
export interface PeerTransferJSON {
  /** Received in all. */
  readonly receiveTotal: number
  /** Sent in all. */
  readonly transmitTotal: number
  /** The counter of the device; 0 for a peer that the device does not have. */
  readonly receiveBytes: number
  /** The counter of the device; 0 for a peer that the device does not have. */
  readonly transmitBytes: number
  /** Milliseconds since the epoch; `null` without a handshake. */
  readonly lastHandshake: number | null
}

/**
 * Counts what peers transfer, also where the counters of the device begin again: the interface is
 * made anew, the peer is removed and added, or this process restarts.
 *
 * The counters of a device begin again with the interface. A kernel interface is recognised by its
 * index. Of a userspace device only its counters tell: they have decreased, or the last handshake
 * is gone. After a reboot an interface may have the same index; the counters tell then too, or pass
 * an `identity` that differs after each boot.
 *
 * @example
 * ```js
 * const counter = new TransferCounter()
 * const transfers = counter.update(await wg.device('wg0'))
 * for (const [publicKey, { receiveTotal }] of transfers) console.log(publicKey, receiveTotal)
 * const text = JSON.stringify(counter) // new TransferCounter(JSON.parse(text)) goes on with it
 * ```
 */
export class TransferCounter {
  readonly #devices = new Map<string, Counted>()

  /**
   * @param saved what `toJSON` returned, parsed: the counter goes on from there
   * @throws WireGuardError `EINVAL` with the path of what is not as `toJSON` writes it
   */
  constructor(saved?: TransferCounterJSON) {
    if (saved === undefined) return
    const reader = JsonReader.of(saved, 1)
    for (const [name, device] of reader.get('devices').entries()) {
      const peers = new Map<PublicKey, CountedPeer>()
      for (const [publicKey, peer] of device.get('peers').entries()) {
        peers.set(publicKey, readPeer(peer))
      }
      this.#devices.set(name, { identity: device.get('identity').text(), peers })
    }
  }

  /**
   * Counts what was transferred since the last update of a device of this name. The first update
   * counts all that the device has counted so far.
   *
   * @param identity differs between two interfaces of the same name; default: the backend and the
   * index of the interface
   * @returns what each peer of the device has transferred, by public key
   * @throws WireGuardError `EINVAL` for what is no device
   */
  update(device: Device, identity = identityOf(device)): ReadonlyMap<PublicKey, PeerTransfer> {
    checkReadDevice(device, 'count transfer')
    const counted = this.#devices.get(device.name) ?? { identity, peers: new Map() }
    this.#devices.set(device.name, { identity, peers: counted.peers })
    const isOther = counted.identity !== identity
    const transfers = new Map<PublicKey, PeerTransfer>()
    for (const peer of device.peers) {
      const before = counted.peers.get(peer.publicKey) ?? NOTHING
      const reset = isOther || hasBegunAgain(peer, before)
      const transfer = transferOf(peer, before, reset)
      transfers.set(peer.publicKey, transfer)
      counted.peers.set(peer.publicKey, counterOf(peer, transfer))
    }
    // A peer that comes back counts from zero.
    for (const [publicKey, peer] of counted.peers) {
      if (!transfers.has(publicKey)) counted.peers.set(publicKey, { ...peer, ...NO_COUNTERS })
    }
    return transfers
  }

  /**
   * Forgets an interface, or one peer of it. Removed peers and interfaces are kept until then.
   *
   * @example
   * ```js
   * counter.forget('wg0', publicKey)
   * ```
   */
  forget(name: string, publicKey?: PublicKey): void {
    if (publicKey === undefined) this.#devices.delete(name)
    else this.#devices.get(name)?.peers.delete(publicKey)
  }

  /**
   * Returns what the constructor takes. It has no secrets.
   *
   * @example
   * ```js
   * const saved = counter.toJSON()
   * ```
   */
  toJSON(): TransferCounterJSON {
    const devices = [...this.#devices].map(
      ([name, { identity, peers }]) =>
        [name, { identity, peers: Object.fromEntries(peers) }] as const,
    )
    return { version: 1, devices: Object.fromEntries(devices) }
  }
}

/** Told by default: what implements the device, and which interface it is. */
function identityOf(device: Device): string {
  return `${device?.backend} ${device?.index ?? ''}`
}

interface Counted {
  readonly identity: string
  readonly peers: Map<PublicKey, CountedPeer>
}

type CountedPeer = PeerTransferJSON

const NO_COUNTERS = { receiveBytes: 0, transmitBytes: 0, lastHandshake: null }
const NOTHING: CountedPeer = { receiveTotal: 0, transmitTotal: 0, ...NO_COUNTERS }

function hasBegunAgain(now: Peer, before: CountedPeer): boolean {
  return (
    now.receiveBytes < before.receiveBytes ||
    now.transmitBytes < before.transmitBytes ||
    (now.lastHandshake === undefined && before.lastHandshake !== null)
  )
}

function transferOf(now: Peer, before: CountedPeer, reset: boolean): PeerTransfer {
  const { receiveBytes, transmitBytes } = reset ? NO_COUNTERS : before
  const receiveDelta = now.receiveBytes - receiveBytes
  const transmitDelta = now.transmitBytes - transmitBytes
  const receiveTotal = before.receiveTotal + receiveDelta
  const transmitTotal = before.transmitTotal + transmitDelta
  return { receiveDelta, transmitDelta, receiveTotal, transmitTotal, reset }
}

function counterOf(
  { receiveBytes, transmitBytes, lastHandshake }: Peer,
  { receiveTotal, transmitTotal }: PeerTransfer,
): CountedPeer {
  const time = lastHandshake?.getTime() ?? null
  return { receiveTotal, transmitTotal, receiveBytes, transmitBytes, lastHandshake: time }
}

function readPeer(reader: JsonReader): CountedPeer {
  return {
    receiveTotal: reader.get('receiveTotal').count(),
    transmitTotal: reader.get('transmitTotal').count(),
    receiveBytes: reader.get('receiveBytes').count(),
    transmitBytes: reader.get('transmitBytes').count(),
    lastHandshake: reader.get('lastHandshake').orNull((time) => time.number()) ?? null,
  }
}
