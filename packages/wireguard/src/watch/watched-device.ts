import type { Device, Peer, PublicKey } from 'wireguardcfg'
import type { LinkWithAddresses } from 'wireguardnl'
import type { ClockReading } from './clock.js'
import { deviceChange, traffic } from './differences.js'
import type { DeviceEvent, PeerEvent } from './events.js'
import { Handshakes } from './handshakes.js'
import { Presence, type PresenceRule } from './presence.js'
import type { ChangedPeer, Counters, DeviceMemory, Differences } from './memory/device-memory.js'
import { PackedDevice } from './memory/packed-device.js'
import { WholeDevice } from './memory/whole-device.js'

/** An event of a device. */
export type Happening = DeviceEvent | PeerEvent

/** An event, and the watchers that get it: those with this rule; undefined: all. */
export interface Addressed {
  readonly event: Happening
  readonly rule?: PresenceRule | undefined
}

/** Adds an event, for the watchers with a rule or for all. */
type Add = (event: Happening | undefined, rule?: PresenceRule) => void

/** Whether this process wrote the endpoint that a peer has now. */
export type WasWritten = (publicKey: PublicKey, endpoint: Peer['endpoint']) => boolean

/** For whom and how a read is taken. */
export interface TakeContext {
  readonly rules: Iterable<PresenceRule>
  readonly wasWritten: WasWritten
  /** Of a device with more peers, only what changes is noticed. */
  readonly snapshotPeers: number
}

/** What is known of one device, for all watchers. */
export class WatchedDevice {
  /** What distinguishes it from a later device of the same name; undefined: nothing does. */
  readonly identity: string | undefined
  #memory: DeviceMemory
  #link: LinkWithAddresses | undefined
  /** Whether the last read was made after the interface came up. */
  #wasReadUp: boolean
  readonly #handshakes: Handshakes
  readonly #presences = new Map<PresenceRule, Presence>()

  constructor(
    device: Device,
    identity: string | undefined,
    link: LinkWithAddresses | undefined,
    clock: ClockReading,
    snapshotPeers: number,
  ) {
    this.identity = identity
    this.#memory = memoryOf(device, snapshotPeers)
    this.#handshakes = new Handshakes(this.#memory.handshakes)
    this.#link = link
    this.#wasReadUp = !this.isDown
    for (const peer of device.peers) this.#handshakes.see(peer, clock)
    this.#handshakes.finishRead(clock)
  }

  /** As it was last read; of more than `snapshotPeers` peers, without them. */
  get device(): Device {
    return this.#memory.device
  }

  get name(): string {
    return this.device.name
  }

  /** The index of its interface, if its link is known. */
  get index(): number | undefined {
    return this.#link?.index ?? this.device.index
  }

  get isDown(): boolean {
    return this.#link?.up === false
  }

  /** When the last handshake of a peer was; undefined: there was none. */
  bornAt(publicKey: PublicKey): number | undefined {
    return this.#handshakes.bornAt(publicKey)
  }

  /** When a peer may be overdue by one of these rules; Infinity: none can be. */
  overdueAt(rules: Iterable<PresenceRule>): number {
    return Math.min(
      ...Array.from(rules, (rule) => this.#presences.get(rule)?.overdueAt ?? Infinity),
    )
  }

  /** Compares a read with what is known, which stays as it is. */
  compare(read: Device): Promise<Differences> {
    return this.#memory.compare(read)
  }

  /** Divides what was just compared, to be taken in one or more turns of the event loop. */
  parts(differences: Differences): Iterable<Differences> {
    return this.#memory.parts(differences)
  }

  /** Takes a part of a read that was just compared, and returns what is different. */
  take(
    differences: Differences,
    clock: ClockReading,
    { rules, wasWritten, snapshotPeers }: TakeContext,
  ): Addressed[] {
    const before = this.device
    this.#memory.take(differences)
    const { added, removed, changed } = differences
    const device = this.name
    const events: Addressed[] = []
    const add: Add = (event, rule) => {
      if (event !== undefined) events.push({ event, rule })
    }
    add(deviceChange(before, this.device))
    for (const publicKey of removed) {
      this.#handshakes.forget(publicKey)
      for (const [rule, presence] of this.#presences) {
        const reason = 'removed'
        if (presence.forget(publicKey))
          add({ type: 'disconnected', device, publicKey, reason }, rule)
      }
      add({ type: 'peer-removed', device, publicKey })
    }
    for (const peer of added) {
      add({ type: 'peer-added', device, publicKey: peer.publicKey, initial: false })
      this.#seeHandshake(peer, clock, add)
    }
    for (const change of changed) this.#takeChange(change, clock, wasWritten, add)
    if (!differences.isLast) return events
    this.#handshakes.finishRead(clock)
    this.#wasReadUp = !this.isDown
    for (const rule of rules) this.#sweep(rule, clock, add)
    this.#fit(differences.device, snapshotPeers)
    return events
  }

  /** Takes its link as it is now, and returns what is different. */
  takeLink(link: LinkWithAddresses, clock: ClockReading): Addressed[] {
    const before = this.#link
    this.#link = link
    // A program listens under the old name.
    const events = this.device.backend === 'kernel' ? this.rename(link.name) : []
    const device = this.name
    if (before?.up !== link.up) {
      if (!link.up) events.push(...this.#goDown(clock, 'link-down'))
      this.#wasReadUp = false
      events.push({ event: { type: link.up ? 'link-up' : 'link-down', device, initial: false } })
    }
    for (const address of without(before?.addresses, link.addresses)) {
      events.push({ event: { type: 'address-removed', device, address, initial: false } })
    }
    for (const address of without(link.addresses, before?.addresses)) {
      events.push({ event: { type: 'address-added', device, address, initial: false } })
    }
    return events
  }

  /** Takes another name of the same interface, and returns what is different. */
  rename(name: string): Addressed[] {
    const from = this.name
    if (name === from) return []
    this.#memory.rename(name)
    return [{ event: { type: 'device-renamed', device: name, from } }]
  }

  /** Returns what its end means. */
  end(clock: ClockReading): Addressed[] {
    return [
      ...this.#goDown(clock, 'removed'),
      { event: { type: 'device-removed', device: this.name } },
    ]
  }

  /** Lets reads before a sleep of the machine not count. */
  startOver(): void {
    for (const presence of this.#presences.values()) presence.startOver()
  }

  /** Yields the events that describe it as it is now, also if it is changed meanwhile. */
  state(rule: PresenceRule, clock: ClockReading, initial: boolean): Iterable<Happening> {
    const presence = this.#presenceOf(rule, clock)
    return stateOf({
      device: this.device,
      link: this.#link,
      publicKeys: this.#memory.publicKeys(),
      connected: new Set(presence.connected),
      initial,
    })
  }

  /** Forgets the rules of watchers that have ended. */
  keepRules(rules: ReadonlySet<PresenceRule>): void {
    for (const rule of this.#presences.keys()) if (!rules.has(rule)) this.#presences.delete(rule)
  }

  #seeHandshake(peer: Peer, clock: ClockReading, add: Add): void {
    const seen = this.#handshakes.see(peer, clock)
    const { publicKey, lastHandshake: handshakeAt } = peer
    if (seen === undefined || handshakeAt === undefined || !seen.isNew) return
    const device = this.name
    const previous = seen.previous === undefined ? undefined : new Date(seen.previous)
    add({ type: 'handshake', device, publicKey, handshakeAt, previous })
    if (this.isDown) return
    for (const [rule, presence] of this.#presences) {
      if (presence.see(publicKey, seen.bornAt, clock.boot)) {
        add({ type: 'connected', device, publicKey, initial: false }, rule)
      }
    }
  }

  #takeChange(
    { before, after, settings, endpoint }: ChangedPeer,
    clock: ClockReading,
    wasWritten: WasWritten,
    add: Add,
  ): void {
    const device = this.name
    const { publicKey } = after
    if (settings !== undefined) add({ type: 'peer-changed', device, publicKey, ...settings })
    if (endpoint !== undefined) {
      const by = wasWritten(publicKey, after.endpoint) ? 'configured' : 'roamed'
      const [from, to] = [endpoint.before, after.endpoint]
      add({ type: 'endpoint-changed', device, publicKey, before: from, after: to, by })
    }
    this.#seeHandshake(after, clock, add)
    this.#seePackets(before, after, clock, add)
    add(traffic(device, before, after))
  }

  /** Keeps as much of the peers as their number allows. */
  #fit(read: Device, snapshotPeers: number): void {
    if (this.#memory instanceof kindOf(read, snapshotPeers)) return
    this.#memory = memoryOf(read, snapshotPeers)
    this.#handshakes.moveTo(this.#memory.handshakes)
    for (const presence of this.#presences.values()) {
      presence.moveTo(this.#memory.connectedPeers())
    }
  }

  #seePackets(before: Counters, after: Peer, clock: ClockReading, add: Add): void {
    const { publicKey } = after
    const bornAt = this.#handshakes.bornAt(publicKey)
    const hasReceived = after.receiveBytes > before.receiveBytes
    if (!this.#wasReadUp || this.isDown || !hasReceived || bornAt === undefined) return
    for (const [rule, presence] of this.#presences) {
      if (presence.prove(publicKey, bornAt, clock.boot)) {
        add({ type: 'connected', device: this.name, publicKey, initial: false }, rule)
      }
    }
  }

  #sweep(rule: PresenceRule, clock: ClockReading, add: Add): void {
    for (const publicKey of this.#presenceOf(rule, clock).sweep(clock.boot)) {
      add({ type: 'disconnected', device: this.name, publicKey, reason: 'age' }, rule)
    }
  }

  #goDown({ boot }: ClockReading, reason: 'link-down' | 'removed'): Addressed[] {
    return [...this.#presences].flatMap(([rule, presence]) =>
      presence.goDown(boot).map((publicKey) => {
        const event = { type: 'disconnected', device: this.name, publicKey, reason } as const
        return { event, rule }
      }),
    )
  }

  #presenceOf(rule: PresenceRule, { boot }: ClockReading): Presence {
    const known = this.#presences.get(rule)
    if (known !== undefined) return known
    const presence = new Presence(rule, this.#memory.connectedPeers())
    this.#presences.set(rule, presence)
    if (this.isDown) {
      presence.goDown(boot)
      return presence
    }
    for (const [publicKey, bornAt] of this.#handshakes) presence.see(publicKey, bornAt, boot)
    return presence
  }
}

function without(all: readonly string[] = [], others: readonly string[] = []): string[] {
  return all.filter((one) => !others.includes(one))
}

/** What is kept of a device with so many peers. */
function kindOf({ peers }: Device, snapshotPeers: number): new (device: Device) => DeviceMemory {
  return peers.length > snapshotPeers ? PackedDevice : WholeDevice
}

function memoryOf(device: Device, snapshotPeers: number): DeviceMemory {
  const Memory = kindOf(device, snapshotPeers)
  return new Memory(device)
}

interface DeviceState {
  readonly device: Device
  readonly link: LinkWithAddresses | undefined
  readonly publicKeys: readonly PublicKey[]
  readonly connected: ReadonlySet<PublicKey>
  readonly initial: boolean
}

function* stateOf(state: DeviceState): Generator<Happening, void, undefined> {
  const { link, publicKeys, connected, initial } = state
  const { name: device, backend } = state.device
  yield { type: 'device-added', device, backend, initial }
  if (link !== undefined) {
    yield { type: link.up ? 'link-up' : 'link-down', device, initial }
    for (const address of link.addresses) yield { type: 'address-added', device, address, initial }
  }
  for (const publicKey of publicKeys) {
    yield { type: 'peer-added', device, publicKey, initial }
    if (connected.has(publicKey)) yield { type: 'connected', device, publicKey, initial }
  }
}
