import type { Device, Peer, PublicKey } from 'wireguardcfg'
import type { WatchedPeerField } from '../events.js'
import type { KnownHandshake } from '../handshakes.js'
import type { Connected } from '../presence.js'
import { freezePeer, nextTurn, sliceIsOver } from 'wireguardcfg/internal'
import { pick } from '../differences.js'
import { isSameEndpoint } from '../../same-endpoint.js'
import {
  type ChangedPeer,
  type ChangedSettings,
  type DeviceMemory,
  type Differences,
  wasMadeAgain,
} from './device-memory.js'
import { isSameDevice, isSamePeer, isSameSecret, isSameSet } from './same.js'
import type { Store } from './store.js'

/** How many peers are compared before the time is looked at. */
const STEP = 64

/** Keeps a device with its peers. An unchanged peer stays the same object. */
export class WholeDevice implements DeviceMemory {
  #device: Device
  readonly handshakes: Store<KnownHandshake> = new Map<PublicKey, KnownHandshake>()

  constructor(device: Device) {
    for (const peer of device.peers) freezePeer(peer)
    this.#device = Object.freeze({ ...device, peers: Object.freeze(device.peers) })
  }

  get device(): Device {
    return this.#device
  }

  publicKeys(): readonly PublicKey[] {
    return this.#device.peers.map(({ publicKey }) => publicKey)
  }

  connectedPeers(): Store<Connected> {
    return new Map<PublicKey, Connected>()
  }

  async compare(read: Device): Promise<Differences> {
    const before = this.#device
    const comparison = new PeerComparison(before.peers, read.peers)
    const steps = comparison.steps()
    while (steps.next().done !== true) if (sliceIsOver()) await nextTurn()
    const { peers, added, removed, changed } = comparison
    const isSame = peers === before.peers && isSameDevice(before, read)
    const device = isSame ? before : Object.freeze({ ...read, peers: Object.freeze(peers) })
    return { device, added, removed, changed, isLast: true }
  }

  /** All at once: a snapshot is one read. */
  parts(differences: Differences): Iterable<Differences> {
    return [differences]
  }

  take({ device }: Differences): void {
    this.#device = device
  }

  rename(name: string): void {
    this.#device = Object.freeze({ ...this.#device, name })
  }
}

/** Compares two lists of peers, of which most are at the same place in both. */
class PeerComparison {
  readonly added: Peer[] = []
  readonly removed: PublicKey[] = []
  readonly changed: ChangedPeer[] = []
  /** The peers after, of which those that did not change are the objects of before. */
  peers: readonly Peer[]
  readonly #before: readonly Peer[]
  readonly #after: readonly Peer[]

  constructor(before: readonly Peer[], after: readonly Peer[]) {
    this.#before = before
    this.#after = after
    this.peers = before
  }

  /** Compares some peers at each step. */
  *steps(): Generator<void, void, undefined> {
    const [before, after] = [this.#before, this.#after]
    // A backend that remembers gives the same list again.
    if (before === after) return
    let own: Peer[] | undefined
    const shorter = Math.min(before.length, after.length)
    const isAtSamePlace = (i: number, j: number): boolean =>
      before[i] === after[j] || before[i]!.publicKey === after[j]!.publicKey
    let isSame = before.length === after.length
    const pair = (i: number, j: number): void => {
      const peer = this.#compare(before[i]!, after[j]!)
      if (peer !== before[i]) isSame = false
      if (peer === after[j]) return
      own ??= [...after]
      own[j] = peer
    }
    let start = 0
    for (; start < shorter && isAtSamePlace(start, start); start++) {
      if (before[start] !== after[start]) pair(start, start)
      if (start % STEP === 0) yield
    }
    let [oldEnd, newEnd] = [before.length, after.length]
    while (oldEnd > start && newEnd > start && isAtSamePlace(oldEnd - 1, newEnd - 1)) {
      pair(--oldEnd, --newEnd)
      if (newEnd % STEP === 0) yield
    }
    // What is in between was added, removed or moved.
    const known = new Map<PublicKey, number>()
    for (let i = start; i < oldEnd; i++) known.set(before[i]!.publicKey, i)
    for (let j = start; j < newEnd; j++) {
      const i = known.get(after[j]!.publicKey)
      if (i === undefined) {
        isSame = false
        this.added.push(freezePeer(after[j]!))
      } else pair(i, j)
      known.delete(after[j]!.publicKey)
      if (j % STEP === 0) yield
    }
    for (const publicKey of known.keys()) this.removed.push(publicKey)
    if (!isSame) this.peers = own ?? after
  }

  /** Returns the peer as it was if it is the same, else as it is. */
  #compare(before: Peer, after: Peer): Peer {
    if (before === after || isSamePeer(before, after)) return before
    freezePeer(after)
    if (wasMadeAgain(before, after)) {
      this.removed.push(after.publicKey)
      this.added.push(after)
    } else this.changed.push(changeOf(before, after))
    return after
  }
}

function changeOf(before: Peer, after: Peer): ChangedPeer {
  const isSame = isSameEndpoint(before.endpoint, after.endpoint)
  const endpoint = isSame ? undefined : { before: before.endpoint }
  return { before, after, settings: changedSettings(before, after), endpoint }
}

function changedSettings(before: Peer, after: Peer): ChangedSettings | undefined {
  const fields: WatchedPeerField[] = []
  if (!isSameSecret(before.presharedKey, after.presharedKey)) fields.push('presharedKey')
  if (before.persistentKeepalive !== after.persistentKeepalive) fields.push('persistentKeepalive')
  if (!isSameSet(before.allowedIPs, after.allowedIPs)) fields.push('allowedIPs')
  if (fields.length === 0) return undefined
  // The preshared key is named, and not shown.
  const shown = fields.filter((field) => field !== 'presharedKey')
  return { fields, before: pick(before, shown), after: pick(after, shown) }
}
