import {
  type CallOptions,
  type Device,
  type DeviceConfig,
  isWireGuardError,
  type PublicKey,
} from 'wireguardcfg'
import { nextTurn, onAbort, sleep, sliceIsOver } from 'wireguardcfg/internal'
import type { LinkEvent, LinkWithAddresses } from 'wireguardnl'
import { type Clock, type ClockReading, Clocks } from './clock.js'
import type { WatcherEvent, WatchEvent } from './events.js'
import { Pace } from './pace.js'
import type { PresenceRule } from './presence.js'
import type { Subscription, Wanted } from './subscription.js'
import { type Addressed, WatchedDevice } from './watched-device.js'
import { ToldErrors } from './told-errors.js'
import { WrittenNow } from './written-now.js'

/** What is watched. */
export interface WatchSource {
  deviceNames(options: CallOptions, onError: (error: unknown) => void): Promise<string[]>
  /** Reads a device, and remembers it for the next read if it has not more peers. */
  device(name: string, options: CallOptions, mostPeers: number): Promise<Device>
  /** Forgets what was remembered of a device for its next read; without a name, of all. */
  forget(name?: string): void
  identityOf(device: Device): string | undefined
  /** Returns the changes of interfaces; undefined where the system does not tell them. */
  links(signal: AbortSignal): Promise<AsyncIterable<LinkEvent> | undefined>
}

/** How many devices are read at the same time. */
const READS_AT_ONCE = 16

/** Milliseconds that a device which does not reply holds up the next look at the others. */
const PATIENCE = 1000

/** The reads for all subscriptions, from the first of them to the end of the last. */
export class Run {
  readonly #source: WatchSource
  readonly #clocks: Clocks
  readonly #subscriptions: ReadonlySet<Subscription>
  readonly #ended = new AbortController()
  readonly #devices = new Map<string, WatchedDevice>()
  readonly #links = new Map<number, LinkWithAddresses>()
  readonly #pace: Pace
  readonly #written = new WrittenNow()
  /** The devices that are being read. */
  readonly #reading = new Set<string>()
  /** The devices that the last list did not have. */
  #missing: readonly string[] = []
  readonly #errors = new ToldErrors()
  #isReady = false

  constructor(source: WatchSource, subscriptions: ReadonlySet<Subscription>, clock: Clock) {
    this.#source = source
    this.#subscriptions = subscriptions
    this.#clocks = new Clocks(clock)
    this.#pace = new Pace(clock)
  }

  /** Reads until `stop` is called. An error that is not of WireGuard ends the subscriptions. */
  async start(): Promise<void> {
    const { signal } = this.#ended
    const isKnown = new AbortController()
    const links = this.#followLinks(() => isKnown.abort()).finally(() => isKnown.abort())
    try {
      // What is known of the links when the devices are first read is part of the state.
      await sleep(PATIENCE, AbortSignal.any([isKnown.signal, signal]))
      while (!signal.aborted) {
        await this.#pace.measure(() => this.#look(signal))
        if (!signal.aborted) await this.#pace.pause(this.#intervals(), this.#overdueAt(), signal)
      }
    } catch (error) {
      if (!signal.aborted) for (const one of this.#subscriptions) one.end({ error })
    } finally {
      this.stop()
      await links.catch(() => {})
    }
  }

  /** Ends the reads, and forgets what they found. */
  stop(): void {
    this.#ended.abort()
    this.#devices.clear()
    this.#source.forget()
  }

  /** The device as it was last read. */
  snapshot(name: string): Device | undefined {
    return this.#devices.get(name)?.device
  }

  /** Yields the state as it is; undefined before the first read. */
  state({ rule, devices }: Wanted): Iterable<WatchEvent> | undefined {
    if (!this.#isReady) return undefined
    const clock = this.#clocks.now()
    const states = [...this.#devices.values()]
      .filter(({ name }) => devices(name))
      .map((device) => device.state(rule, clock, true))
    return withTime(concatenated(states), clock)
  }

  /** Notes what this process is about to write. */
  noteWrite(name: string, config: DeviceConfig): void {
    this.#written.note(name, config)
  }

  /** Looks at once, for a new subscription. */
  wake(): void {
    this.#pace.wake()
  }

  async #look(signal: AbortSignal): Promise<void> {
    const clock = this.#clocks.read()
    if (clock.hasSlept) for (const device of this.#devices.values()) device.startOver()
    if (clock.hasSlept) this.#tell({ type: 'resync', missed: 'suspended' })
    else if (clock.wasSet) this.#tell({ type: 'resync', missed: 'clock' })
    let isComplete = true
    const names = await this.#source.deviceNames({ signal }, (error) => {
      isComplete = false
      this.#report(undefined, error, 'list')
    })
    if (isComplete) this.#errors.forget('list')
    const listed = new Set(names)
    const missing = [...this.#devices.keys()].filter((name) => !listed.has(name))
    this.#missing = missing
    // When the list is not complete, a device that is not in it may still be there.
    if (!isComplete) names.push(...missing)
    // A device that is gone may have the name of one that nobody has asked for.
    const mayBeRenamed = (name: string) => missing.length > 0 && !this.#devices.has(name)
    const wanted = names.filter(
      (name) => (this.#isWanted(name) || mayBeRenamed(name)) && !this.#reading.has(name),
    )
    await atMost(PATIENCE, this.#readAll(wanted, signal), signal)
    // Not before the reads: one of them may have another name.
    if (isComplete && !signal.aborted) for (const name of missing) this.#end(name)
    if (this.#isReady || signal.aborted) return
    this.#isReady = true
    for (const one of this.#subscriptions) one.notify()
  }

  async #readAll(names: readonly string[], signal: AbortSignal): Promise<void> {
    for (const name of names) this.#reading.add(name)
    const queue = names.values()
    const worker = async (): Promise<void> => {
      for (const name of queue) {
        try {
          if (!signal.aborted) await this.#read(name, signal)
        } finally {
          this.#reading.delete(name)
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, names.length) }, worker))
  }

  async #read(name: string, signal: AbortSignal): Promise<void> {
    let device
    try {
      device = await this.#source.device(name, { signal }, this.#snapshotPeers())
    } catch (error) {
      if (signal.aborted) return
      if (isWireGuardError(error) && error.code === 'ENODEV') this.#end(name)
      else this.#report(name, error)
      return
    }
    this.#errors.forget(`device ${name}`)
    if (!signal.aborted) await this.#take(device, signal)
  }

  async #take(device: Device, signal: AbortSignal): Promise<void> {
    const { name } = device
    const clock = this.#clocks.now()
    const identity = this.#source.identityOf(device)
    if (!this.#devices.has(name)) this.#takeRename(device, identity, clock)
    const known = this.#devices.get(name)
    if (known === undefined || known.identity !== identity) {
      if (known !== undefined) this.#end(name)
      this.#add(device, identity, clock)
      return
    }
    const differences = await known.compare(device)
    for (const part of known.parts(differences)) {
      if (sliceIsOver()) await nextTurn()
      // Meanwhile it may have ended, or got another name.
      if (signal.aborted || this.#devices.get(name) !== known) return
      const rules = this.#rules()
      const wasWritten = this.#written.of(name)
      const snapshotPeers = this.#snapshotPeers()
      const events = known.take(part, clock, { rules, wasWritten, snapshotPeers })
      if (events.length > 0) this.#pace.noteChange()
      this.#publish(events, clock)
    }
    this.#tellRead(device, known)
  }

  #add(device: Device, identity: string | undefined, clock: ClockReading): void {
    const link = [...this.#links.values()].find(({ name }) => name === device.name)
    const added = new WatchedDevice(device, identity, link, clock, this.#snapshotPeers())
    this.#devices.set(device.name, added)
    this.#pace.noteChange()
    for (const one of this.#subscriptions) {
      const { rule, devices } = one.wanted
      if (!devices(device.name)) continue
      const state = added.state(rule, clock, false)
      one.pushState(withTime(state, clock), 2 * device.peers.length)
    }
    this.#tellRead(device, added)
  }

  /** Finds a device of the kernel that has another name since the last look. */
  #takeRename({ name, index }: Device, identity: string | undefined, clock: ClockReading): void {
    if (index === undefined) return
    const unlisted = this.#missing.map((before) => this.#devices.get(before))
    const renamed = unlisted.find((one) => one?.identity === identity)
    if (renamed !== undefined) this.#rename(renamed, clock, () => renamed.rename(name))
  }

  /** Takes a change of a device after which it may have another name. */
  #rename(device: WatchedDevice, clock: ClockReading, change: () => Addressed[]): void {
    const before = device.name
    const events = change()
    if (device.name !== before) {
      this.#devices.delete(before)
      this.#devices.set(device.name, device)
      this.#written.rename(before, device.name)
    }
    this.#publish(events, clock)
  }

  #tellRead(device: Device, watched: WatchedDevice): void {
    const bornAt = (publicKey: PublicKey): number | undefined => watched.bornAt(publicKey)
    const now = (): number => this.#clocks.now().boot
    for (const { wanted } of this.#subscriptions) {
      if (wanted.devices(device.name)) wanted.onRead?.({ device, bornAt, now })
    }
  }

  #end(name: string): void {
    const device = this.#devices.get(name)
    if (device === undefined) return
    this.#devices.delete(name)
    this.#written.forget(name)
    this.#source.forget(name)
    this.#errors.forget(`device ${name}`)
    const clock = this.#clocks.now()
    this.#publish(device.end(clock), clock)
    this.#pace.noteChange()
  }

  /** Follows the interfaces to the end, and calls `onKnown` when their first state is there. */
  async #followLinks(onKnown: () => void): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted) {
      try {
        const links = await this.#source.links(signal)
        if (links === undefined) return
        for await (const event of links) {
          this.#takeLink(event)
          onKnown()
        }
      } catch (error) {
        if (signal.aborted) return
        this.#report(undefined, error, 'interfaces')
        onKnown()
      }
      await sleep(PATIENCE, signal)
    }
  }

  #takeLink(event: LinkEvent): void {
    switch (event.type) {
      case 'state':
        this.#links.clear()
        for (const link of event.links) this.#putLink(link)
        // Which of them are gone, the next look tells.
        this.#pace.wake()
        break
      case 'resync':
        this.#tell({ type: 'resync', missed: event.missed })
        break
      case 'link-removed': {
        this.#links.delete(event.link.index)
        const device = this.#deviceOf(event.link)
        if (device !== undefined) this.#end(device.name)
        break
      }
      case 'link-added':
        this.#pace.noteChange()
        this.#pace.wake()
        this.#putLink(event.link)
        break
      default:
        this.#putLink(event.link)
    }
  }

  #putLink(link: LinkWithAddresses): void {
    this.#links.set(link.index, link)
    const device = this.#deviceOf(link)
    if (device === undefined) return
    const clock = this.#clocks.now()
    this.#rename(device, clock, () => device.takeLink(link, clock))
  }

  /** The device of a link. Of a program's, only the name is known until its link is. */
  #deviceOf(link: LinkWithAddresses): WatchedDevice | undefined {
    return [...this.#devices.values()].find(({ index, name }) =>
      index === undefined ? name === link.name : index === link.index,
    )
  }

  #publish(events: readonly Addressed[], clock: ClockReading): void {
    if (events.length === 0 || this.#ended.signal.aborted) return
    const at = new Date(clock.wall)
    for (const one of this.#subscriptions) {
      const { rule } = one.wanted
      const its = events.filter((each) => each.rule === undefined || each.rule === rule)
      one.push(its.map(({ event }) => ({ ...event, at })))
    }
  }

  #tell(event: WatcherEvent): void {
    // The subscriptions may be those of a later run.
    if (this.#ended.signal.aborted) return
    const at = new Date(this.#clocks.now().wall)
    for (const one of this.#subscriptions) one.push([{ ...event, at }])
  }

  #report(device: string | undefined, error: unknown, about = `device ${device}`): void {
    const told = this.#errors.take(about, error)
    if (told !== undefined) this.#tell({ type: 'error', device, error: told })
  }

  #isWanted(name: string): boolean {
    return [...this.#subscriptions].some(({ wanted }) => wanted.devices(name))
  }

  #rules(): ReadonlySet<PresenceRule> {
    return new Set(Array.from(this.#subscriptions, ({ wanted }) => wanted.rule))
  }

  #snapshotPeers(): number {
    return Math.max(...Array.from(this.#subscriptions, ({ wanted }) => wanted.snapshotPeers))
  }

  #intervals(): (number | 'adaptive')[] {
    return Array.from(this.#subscriptions, ({ wanted }) => wanted.interval)
  }

  #overdueAt(): number {
    const rules = this.#rules()
    let earliest = Infinity
    for (const device of this.#devices.values()) {
      device.keepRules(rules)
      earliest = Math.min(earliest, device.overdueAt(rules))
    }
    return earliest
  }
}

/** Waits for work, for so many milliseconds at most. The work goes on. */
async function atMost(
  milliseconds: number,
  work: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController()
  const stopListening = onAbort(signal, () => over.abort())
  try {
    await Promise.race([work, sleep(milliseconds, over.signal)])
  } finally {
    stopListening()
    over.abort()
  }
}

function* concatenated<T>(lists: readonly Iterable<T>[]): Generator<T, void, undefined> {
  for (const list of lists) yield* list
}

function* withTime(
  events: Iterable<Addressed['event']>,
  { wall }: ClockReading,
): Generator<WatchEvent, void, undefined> {
  const at = new Date(wall)
  for (const event of events) yield { ...event, at }
}
