import type { Device, Peer, PublicKey } from 'wireguardcfg'
import { nextTurn, sliceIsOver } from 'wireguardcfg/internal'
import type { KnownHandshake } from '../handshakes.js'
import type { Connected } from '../presence.js'
import { Column, type Packing } from './column.js'
import {
  type ChangedPeer,
  type DeviceMemory,
  type Differences,
  wasMadeAgain,
} from './device-memory.js'
import { Fingerprints } from './fingerprint.js'
import { PeerIndex } from './peer-index.js'
import { isSameDevice } from './same.js'
import type { Store } from './store.js'

/** What is compared of a peer. */
interface Packed {
  readonly receiveBytes: number
  readonly transmitBytes: number
  readonly settings: number
  readonly endpoint: number
}

const PEER: Packing<Packed> = {
  width: 4,
  pack: (peer) => [peer.receiveBytes, peer.transmitBytes, peer.settings, peer.endpoint],
  unpack: (numbers, at) => ({
    receiveBytes: numbers[at]!,
    transmitBytes: numbers[at + 1]!,
    settings: numbers[at + 2]!,
    endpoint: numbers[at + 3]!,
  }),
}

const HANDSHAKE: Packing<KnownHandshake> = {
  width: 2,
  pack: ({ time, bornAt }) => [time, bornAt],
  unpack: (numbers, at) => ({ time: numbers[at]!, bornAt: numbers[at + 1]! }),
}

const CONNECTED: Packing<Connected> = {
  width: 2,
  pack: ({ bornAt, overdueReads }) => [bornAt, overdueReads],
  unpack: (numbers, at) => ({ bornAt: numbers[at]!, overdueReads: numbers[at + 1]! }),
}

/** How many peers are taken at once. */
const PART = 256

/** Which settings changed is not known. */
const CHANGED_SETTINGS = { fields: [], before: {}, after: {} }

/**
 * Keeps of a device with many peers only what is needed to see that something changes: their keys
 * and some numbers, about 110 bytes a peer. What a setting or an endpoint was, it does not know.
 */
export class PackedDevice implements DeviceMemory {
  #device: Device
  readonly #index = new PeerIndex()
  readonly #peers = new Column(this.#index, PEER)
  readonly #fingerprints = new Fingerprints()
  readonly handshakes = new Column(this.#index, HANDSHAKE)
  /** The peers that are gone since the last read. They have slots, for what is kept of them. */
  #gone: readonly PublicKey[] = []

  constructor(device: Device) {
    this.#device = withoutPeers(device)
    this.#index.reserve(device.peers.length)
    for (const peer of device.peers) this.#put(peer)
  }

  get device(): Device {
    return this.#device
  }

  publicKeys(): readonly PublicKey[] {
    return Array.from(this.#peers, ([publicKey]) => publicKey)
  }

  connectedPeers(): Store<Connected> {
    return new Column(this.#index, CONNECTED)
  }

  async compare(device: Device): Promise<Differences> {
    const added: Peer[] = []
    const removed: PublicKey[] = []
    const changed: ChangedPeer[] = []
    const isThere = new Uint8Array(this.#index.capacity)
    for (const peer of device.peers) {
      if (sliceIsOver()) await nextTurn()
      const { publicKey } = peer
      const slot = this.#index.get(publicKey)
      const known = slot === undefined ? undefined : this.#peers.at(slot)
      if (slot === undefined || known === undefined) {
        added.push(peer)
        continue
      }
      isThere[slot] = 1
      const change = this.#changeOf(slot, known, peer)
      if (change === undefined) continue
      if (wasMadeAgain(change.before, peer)) {
        removed.push(publicKey)
        added.push(peer)
      } else changed.push(change)
    }
    for (const [publicKey, slot] of this.#index) {
      if (sliceIsOver()) await nextTurn()
      if (isThere[slot] === 0 && this.#peers.at(slot) !== undefined) removed.push(publicKey)
    }
    return { device, added, removed, changed, isLast: true }
  }

  *parts({ device, added, removed, changed }: Differences): Generator<Differences, void> {
    const part = { device, added: [], removed: [], changed: [], isLast: false }
    for (let i = 0; i < removed.length; i += PART) {
      yield { ...part, removed: removed.slice(i, i + PART) }
    }
    for (let i = 0; i < added.length; i += PART) {
      yield { ...part, added: added.slice(i, i + PART) }
    }
    for (let i = 0; i < changed.length; i += PART) {
      yield { ...part, changed: changed.slice(i, i + PART) }
    }
    yield { ...part, isLast: true }
  }

  take({ device, added, removed, changed, isLast }: Differences): void {
    for (const publicKey of this.#gone) this.#index.delete(publicKey)
    for (const publicKey of removed) this.#peers.delete(publicKey)
    for (const peer of added) this.#put(peer)
    for (const { after } of changed) this.#put(after)
    this.#gone = removed.filter((publicKey) => this.#peers.get(publicKey) === undefined)
    if (isLast && !isSameDevice(this.#device, device)) this.#device = withoutPeers(device)
  }

  rename(name: string): void {
    this.#device = Object.freeze({ ...this.#device, name })
  }

  #put(peer: Peer): void {
    const { publicKey, receiveBytes, transmitBytes } = peer
    if (this.#index.get(publicKey) === undefined) this.#index.add(publicKey)
    const settings = this.#fingerprints.settings(peer)
    const endpoint = this.#fingerprints.endpoint(peer.endpoint)
    this.#peers.set(publicKey, { receiveBytes, transmitBytes, settings, endpoint })
  }

  #changeOf(slot: number, known: Packed, after: Peer): ChangedPeer | undefined {
    const { receiveBytes, transmitBytes } = known
    const hasSameSettings = known.settings === this.#fingerprints.settings(after)
    const hasSameEndpoint = known.endpoint === this.#fingerprints.endpoint(after.endpoint)
    const time = this.handshakes.at(slot)?.time
    const isSame =
      hasSameSettings &&
      hasSameEndpoint &&
      receiveBytes === after.receiveBytes &&
      transmitBytes === after.transmitBytes &&
      time === after.lastHandshake?.getTime()
    if (isSame) return undefined
    const lastHandshake = time === undefined ? undefined : new Date(time)
    return {
      before: { lastHandshake, receiveBytes, transmitBytes },
      after,
      settings: hasSameSettings ? undefined : CHANGED_SETTINGS,
      endpoint: hasSameEndpoint ? undefined : { before: undefined },
    }
  }
}

function withoutPeers(device: Device): Device {
  return Object.freeze({ ...device, peers: Object.freeze([]) })
}
