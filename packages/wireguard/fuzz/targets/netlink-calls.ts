import * as fc from 'fast-check'
import { NetlinkClient } from 'wireguardnl'
import {
  ack,
  done,
  errorAck,
  type FakeRequest,
  foreign,
  join,
  reply,
  stale,
} from '../../../../test-fixtures/fakes/kernel.js'
import { replayed } from '../../../../test-fixtures/fakes/replay.js'
import { FakeSystem } from '../../../../test-fixtures/fakes/system.js'
import { samplePeers } from '../../../../test-fixtures/sample.js'
import { turns } from '../../../../test-fixtures/wait.js'
import { LITTLE_ENDIAN, viewOf } from '../../../wireguardnl/src/netlink/endian.js'
import { settledOutcome, SECRETS } from '../faults.js'
import { must, target } from '../target.js'

/** A thing that the kernel does to the datagrams of its reply. */
type Trick = {
  /** The request, counted from 0, whose reply it changes. */
  readonly request: number
  readonly kind: string
  /** Which datagram, and which byte or value. */
  readonly at: number
  readonly value: number
}

type Conversation = {
  readonly calls: readonly string[]
  readonly peers: number
  readonly release: string
  readonly tricks: readonly Trick[]
}

type Datagrams = readonly Uint8Array[]

/** Each changes one datagram, or the list of them. */
const TRICKS: Readonly<
  Record<string, (usual: Datagrams, trick: Trick, request: FakeRequest) => Datagrams>
> = {
  drop: (usual, { at }) => usual.toSpliced(placeIn(usual, at), 1),
  twice: (usual, { at }) =>
    usual.flatMap((one, i) => (i === placeIn(usual, at) ? [one, one] : [one])),
  reverse: (usual) => usual.toReversed(),
  endFirst: (usual) => [...usual.slice(-1), ...usual.slice(0, -1)],
  cut: (usual, { at, value }) =>
    changed(usual, at, (one) => one.slice(0, value % (one.length + 1))),
  empty: (usual, { at }) => usual.toSpliced(placeIn(usual, at), 0, new Uint8Array(0)),
  flip: (usual, { at, value }) =>
    changed(usual, at, (one) => {
      const place = value % Math.max(1, one.length)
      return one.with(place, (one[place] ?? 0) ^ (1 << (value % 8)))
    }),
  length: (usual, { at, value }) => header(usual, at, 0, value),
  type: (usual, { at, value }) => header(usual, at, 4, value & 0xffff, 2),
  flags: (usual, { at, value }) => header(usual, at, 6, value & 0xffff, 2),
  stale: (usual, { at }) => changed(usual, at, whole(stale)),
  foreign: (usual, { at }) => changed(usual, at, whole(foreign)),
  joined: (usual) => [join(...usual)],
  strangers: (usual, _, request) => [stale(ack(request)), foreign(done(request)), ...usual],
  noop: (usual, _, request) => [reply(request, new Uint8Array(4), { type: 1 }), ...usual],
  overrun: (usual, _, request) => [...usual, reply(request, new Uint8Array(0), { type: 4 })],
  error: (_, { value }, request) => [errorAck(request, value % 140)],
  errorAfter: (usual, { value }, request) => [
    ...usual.slice(0, -1),
    errorAck(request, value % 140),
  ],
  done: (usual, { value }, request) => [done(request, value % 140), ...usual],
  interrupted: (usual, { at }) => header(usual, at, 6, 0x12, 2),
  nothing: () => [],
  again: (usual) => [...usual, ...usual],
}

const SAMPLES = samplePeers(20)
const CALLS = ['names', 'device', 'batches', 'configure', 'remove', 'endless'] as const

export const netlinkCalls = target<Conversation>({
  name: 'netlink-calls',
  what: 'calls of NetlinkClient to a kernel whose replies are damaged, lost and mixed up',
  fresh: fc.record({
    calls: fc.array(fc.constantFrom(...CALLS), { minLength: 1, maxLength: 3 }),
    peers: fc.nat(SAMPLES.length),
    release: fc.constantFrom('6.1.0', '6.12.0', '6.16.0'),
    tricks: fc.array(
      fc.record({
        request: fc.nat(6),
        kind: fc.constantFrom(...Object.keys(TRICKS)),
        at: fc.nat(12),
        value: fc.oneof(fc.nat(300), fc.nat(70_000)),
      }),
      { maxLength: 3 },
    ),
  }),
  seeds: () => [{ calls: [...CALLS], peers: 20, release: '6.12.0', tricks: [] }],
  words: [...CALLS, ...Object.keys(TRICKS)],
  open: () => ({ run: converse }),
})

/** A reply that never comes is given up after so many milliseconds. */
const IDLE_TIMEOUT = 15

async function converse({ calls, peers, release, tricks }: Conversation): Promise<void> {
  let requests = 0
  const system = new FakeSystem({
    release,
    removeFlag: release.startsWith('6.16'),
    dumpLimit: 600,
    answer: (request, usual) => {
      const now = requests++
      return tricks
        .filter((trick) => trick.request === now)
        .reduce<Datagrams>(
          (datagrams, trick) => TRICKS[trick.kind]?.(datagrams, trick, request) ?? datagrams,
          usual(),
        )
    },
  })
  const config = {
    // The fake compares every peer with its public key, which takes long to compute.
    ...(peers < 4 ? { privateKey: SECRETS[0] } : {}),
    peers: SAMPLES.slice(0, Math.max(0, Math.trunc(peers))),
  }
  system.add('wg0')
  {
    await using client = new NetlinkClient(system.kernel)
    for (const call of calls) await settledOutcome(() => callOf(call, client, config))
  }
  const open = system.sockets.filter(({ closed }) => !closed).length
  must(open === 0, () => `${open} sockets are open after close()`)
}

type Config = { readonly peers: ReturnType<typeof samplePeers> }

async function callOf(call: string, client: NetlinkClient, config: Config): Promise<unknown> {
  const options = { idleTimeout: IDLE_TIMEOUT }
  switch (call) {
    case 'device':
      return client.device('wg0', options)
    case 'batches': {
      let count = 0
      for await (const batch of client.peerBatches('wg0', options)) count += batch.length
      return count
    }
    case 'configure':
      return client.configureDevice('wg0', config, options)
    case 'remove': {
      const changes = config.peers.map(({ publicKey, allowedIPs = [] }) => ({
        publicKey,
        removeAllowedIPs: allowedIPs.slice(0, 1),
      }))
      return client.configureDevice('wg0', { peers: changes }, options)
    }
    case 'endless':
      return readEndless()
    default:
      return client.deviceNames(options)
  }
}

let endless: ReturnType<typeof replayed> | undefined

/** A dump without an end ends when its caller aborts it. */
async function readEndless(): Promise<unknown> {
  await using client = new NetlinkClient((endless ??= replayed(Number.MAX_SAFE_INTEGER)))
  const controller = new AbortController()
  const reading = client.device('wg0', { signal: controller.signal })
  // It may end by itself before that.
  reading.catch(() => {})
  await turns(5)
  controller.abort()
  return await reading
}

function placeIn(list: Datagrams, at: number): number {
  return Math.abs(Math.trunc(at)) % Math.max(1, list.length)
}

function changed(
  usual: Datagrams,
  at: number,
  change: (datagram: Uint8Array) => Uint8Array,
): Datagrams {
  const place = placeIn(usual, at)
  return usual.map((one, i) => (i === place ? change(one) : one))
}

/** An earlier trick may have left something that is no message. */
function whole(change: (datagram: Uint8Array) => Uint8Array) {
  return (datagram: Uint8Array): Uint8Array => {
    try {
      return change(datagram)
    } catch {
      return datagram
    }
  }
}

/** Writes a field of the first nlmsghdr of a datagram. */
function header(usual: Datagrams, at: number, field: number, value: number, size = 4): Datagrams {
  return changed(usual, at, (one) => {
    const copy = one.slice()
    if (copy.length < field + size) return copy
    const view = viewOf(copy)
    if (size === 2) view.setUint16(field, value, LITTLE_ENDIAN)
    else view.setUint32(field, value, LITTLE_ENDIAN)
    return copy
  })
}
