import { nearestName } from '../model/options.js'
import { canonicalAllowedIP } from '../model/allowed-ip.js'
import type {
  CheckedDeviceConfig,
  CheckedPeerConfig,
  DeviceConfig,
  PeerConfig,
} from '../model/config.js'
import { checkEndpoint, type Endpoint, parseEndpoint } from '../model/endpoint.js'
import { invalid } from '../model/errors.js'
import { DEVICE_FIELDS, fieldNames, type FieldRow, PEER_FIELDS } from '../model/fields.js'
import { parseConfigSecret, parsePublicKey, SecretKey } from '../model/key.js'
import { MOST_ALLOWED_IPS, MOST_PEERS } from '../model/limits.js'
import { listOf } from './given-list.js'

type Fields<T> = { readonly [Name in keyof T]?: unknown }
type Writable<T> = { -readonly [Name in keyof T]: T[Name] }

const DEVICE_NAMES = new Set<string>([
  ...fieldNames(DEVICE_FIELDS),
  'replacePeers',
  'peers',
] satisfies (keyof DeviceConfig)[])

const PEER_NAMES = new Set<string>([
  ...fieldNames(PEER_FIELDS),
  'publicKey',
  'remove',
  'updateOnly',
  'allowedIPs',
  'replaceAllowedIPs',
  'removeAllowedIPs',
] satisfies (keyof PeerConfig)[])

const ENDPOINT_NAMES = new Set<string>(['host', 'port'] satisfies (keyof Endpoint)[])

// A peer's fields are read by hand, because a loop over the table is slow for ten thousand peers.
const MAX_INTERVAL = PEER_FIELDS.persistentKeepalive.max

// Lists of at most so many allowed IPs are read in one go.
const SHORT = 100

// A slice ends after so much work, in allowed IPs, or after so many milliseconds: code that runs
// for the first time takes ten times as long. A peer counts as PEER_WORK allowed IPs.
const SLICE_WORK = 1000
const SLICE_TIME = 2
const PEER_WORK = 5
const CLOCK_INTERVAL = 100

/**
 * Reads a configuration that a user gave, and makes the checked one of it. It keeps no reference to
 * its input, reads every field once and by name, and stops at the first fault. `path` then says
 * where that is.
 */
export class ConfigReader {
  /** Where the reader is: `['peers', 3, 'allowedIPs', 0]`. */
  path: PropertyKey[] = []
  #work = 0
  #clockAt = CLOCK_INTERVAL
  #sliceStart = 0
  #allowedIPs = 0;

  /** Reads the configuration. It yields when other work of the process should run. */
  *read(config: object): Generator<void, CheckedDeviceConfig, void> {
    this.#beginSlice()
    const given: Fields<DeviceConfig> = config
    this.#refuseOthers(given, DEVICE_NAMES)
    const device: Writable<CheckedDeviceConfig> = {}
    for (const name of fieldNames(DEVICE_FIELDS)) {
      const { max }: FieldRow = DEVICE_FIELDS[name]
      if (!(name in given)) continue
      this.path[0] = name
      const value = max === undefined ? secret(given[name]) : integer(given[name], max)
      Object.assign(device, { [name]: value })
    }
    this.path[0] = 'replacePeers'
    if ('replacePeers' in given) device.replacePeers = flag(given.replacePeers)
    this.path[0] = 'peers'
    if ('peers' in given) {
      const { peers } = given
      device.peers = peers === undefined ? undefined : yield* this.#peers(peers)
    }
    return device
  }

  *#peers(value: unknown): Generator<void, CheckedPeerConfig[], void> {
    const given = listOf(value, MOST_PEERS)
    const peers: CheckedPeerConfig[] = []
    const indexes = new Map<string, number>()
    for (let i = 0; i < given.length; i++) {
      this.path.length = 1
      this.path[1] = i
      const peer = yield* this.#peer(given.at(i))
      const first = indexes.get(peer.publicKey)
      if (first !== undefined) {
        this.path[2] = 'publicKey'
        fail(`same public key as peers[${first}]; merge the two, or configure twice`)
      }
      indexes.set(peer.publicKey, i)
      peers.push(peer)
      if (this.#isSliceOver(PEER_WORK)) yield* this.#pause()
    }
    return peers
  }

  *#peer(value: unknown): Generator<void, CheckedPeerConfig, void> {
    const given: Fields<PeerConfig> = objectOf(value, 'expected an object')
    const { path } = this
    this.#refuseOthers(given, PEER_NAMES)
    path[2] = 'publicKey'
    const peer: Writable<CheckedPeerConfig> = { publicKey: parsePublicKey(text(given.publicKey)) }
    path[2] = 'remove'
    if ('remove' in given) peer.remove = flag(given.remove)
    path[2] = 'updateOnly'
    if ('updateOnly' in given) peer.updateOnly = flag(given.updateOnly)
    path[2] = 'presharedKey'
    if ('presharedKey' in given) peer.presharedKey = secret(given.presharedKey)
    path[2] = 'endpoint'
    if ('endpoint' in given) peer.endpoint = this.#endpoint(given.endpoint)
    path[2] = 'persistentKeepalive'
    if ('persistentKeepalive' in given)
      peer.persistentKeepalive = integer(given.persistentKeepalive, MAX_INTERVAL)
    path[2] = 'allowedIPs'
    if ('allowedIPs' in given) peer.allowedIPs = yield* this.#allowedIPList(given.allowedIPs)
    path[2] = 'replaceAllowedIPs'
    if ('replaceAllowedIPs' in given) peer.replaceAllowedIPs = flag(given.replaceAllowedIPs)
    path[2] = 'removeAllowedIPs'
    if ('removeAllowedIPs' in given) {
      peer.removeAllowedIPs = yield* this.#allowedIPList(given.removeAllowedIPs)
    }
    if (peer.allowedIPs !== undefined && peer.removeAllowedIPs !== undefined) {
      yield* this.#refuseBoth(peer.allowedIPs, peer.removeAllowedIPs)
    }
    return freezePeer(peer)
  }

  *#allowedIPList(value: unknown): Generator<void, string[] | undefined, void> {
    if (value === undefined) return undefined
    const given = listOf(value, MOST_ALLOWED_IPS)
    this.#allowedIPs += given.length
    if (this.#allowedIPs > MOST_ALLOWED_IPS) {
      fail(`expected at most ${MOST_ALLOWED_IPS} allowed ips in one configuration`)
    }
    const list: string[] = []
    for (let i = 0; i < given.length; i++) {
      this.path[3] = i
      list.push(canonicalAllowedIP(text(given.at(i))))
      if (given.length > SHORT && this.#isSliceOver(1)) yield* this.#pause()
    }
    this.path.length = 3
    return list
  }

  /** One protocol would remove it in the end, and the other one add it. */
  *#refuseBoth(added: readonly string[], removed: readonly string[]): Generator<void, void, void> {
    if (removed.length === 0) return
    const both = new Set<string>()
    for (const allowedIP of added) {
      both.add(allowedIP)
      if (added.length > SHORT && this.#isSliceOver(1)) yield* this.#pause()
    }
    for (let i = 0; i < removed.length; i++) {
      this.path[3] = i
      if (both.has(removed[i]!)) {
        fail(`allowed ip ${JSON.stringify(removed[i])}: also in allowedIPs of the same peer`)
      }
      if (removed.length > SHORT && this.#isSliceOver(1)) yield* this.#pause()
    }
    this.path.length = 3
  }

  #endpoint(value: unknown): Endpoint | undefined {
    if (value === undefined) return undefined
    if (typeof value === 'string') return parseEndpoint(value)
    const expected = 'expected "address:port" or { host, port }'
    const given: Fields<Endpoint> = objectOf(value, expected)
    this.#refuseOthers(given, ENDPOINT_NAMES)
    const { host, port } = given
    if (typeof host !== 'string' || typeof port !== 'number') fail(expected)
    return checkEndpoint({ host, port })
  }

  /** A misspelt name says more than the missing field, so names come first. */
  #refuseOthers(given: object, names: ReadonlySet<string>): void {
    refuseLongChain(given)
    // `for in` includes inherited fields.
    for (const name in given) {
      if (names.has(name)) continue
      this.path.push(name)
      fail(`unknown field${suggestion(name, names)}`)
    }
  }

  #isSliceOver(work: number): boolean {
    this.#work += work
    if (this.#work < this.#clockAt) return false
    this.#clockAt = this.#work + CLOCK_INTERVAL
    return this.#work >= SLICE_WORK || performance.now() - this.#sliceStart > SLICE_TIME
  }

  *#pause(): Generator<void, void, void> {
    yield
    this.#beginSlice()
  }

  #beginSlice(): void {
    this.#work = 0
    this.#clockAt = CLOCK_INTERVAL
    this.#sliceStart = performance.now()
  }
}

/** Freezes a peer and everything in it. */
export function freezePeer(peer: CheckedPeerConfig): CheckedPeerConfig {
  if (peer.allowedIPs !== undefined) Object.freeze(peer.allowedIPs)
  if (peer.removeAllowedIPs !== undefined) Object.freeze(peer.removeAllowedIPs)
  if (peer.endpoint !== undefined) Object.freeze(peer.endpoint)
  return Object.freeze(peer)
}

function flag(value: unknown): boolean | undefined {
  return value === undefined || typeof value === 'boolean' ? value : fail('expected true or false')
}

function integer(value: unknown, max: number): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) {
    return value
  }
  return fail(`expected an integer from 0 to ${max}`)
}

function secret(value: unknown): SecretKey | null | undefined {
  if (value === undefined || value === null) return value
  if (typeof value === 'string' || value instanceof SecretKey) return parseConfigSecret(value)
  return fail('expected a SecretKey or base64 text')
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : fail('expected a string')
}

function objectOf(value: unknown, expected: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  return fail(expected)
}

/** The prototypes of a proxy may never end, and `for in` asks for all of them. */
function refuseLongChain(given: object): void {
  let next: unknown = Object.getPrototypeOf(given)
  for (let depth = 0; next !== null && next !== Object.prototype; depth++) {
    if (depth === LONGEST_CHAIN) fail('expected a plain object')
    next = Object.getPrototypeOf(next)
  }
}

const LONGEST_CHAIN = 20

function fail(message: string): never {
  throw invalid(message)
}

function suggestion(name: string, names: ReadonlySet<string>): string {
  const field = nearestName(name, [...names])
  return field === undefined ? '' : `; did you mean ${field}?`
}
