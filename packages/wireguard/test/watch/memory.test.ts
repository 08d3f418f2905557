import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import type { Device, Peer, PublicKey } from 'wireguardcfg'
import { runs } from '../../../../test-fixtures/runs.js'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import type { ClockReading } from '../../src/watch/clock.js'
import { PeerIndex } from '../../src/watch/memory/peer-index.js'
import { type Addressed, WatchedDevice } from '../../src/watch/watched-device.js'

describe('an index of peers', () => {
  it('finds each key at its slot, whatever was added and deleted', () => {
    const operations = fc.array(fc.tuple(fc.boolean(), fc.nat(40)), { maxLength: 300 })
    fc.assert(
      fc.property(operations, (list) => {
        const index = new PeerIndex()
        const known = new Map<PublicKey, number>()
        for (const [isAdded, i] of list) {
          const key = publicKeyOf(i)
          if (!isAdded) {
            index.delete(key)
            known.delete(key)
          } else if (!known.has(key)) known.set(key, index.add(key))
          for (let j = 0; j <= 40; j++)
            expect(index.get(publicKeyOf(j))).toBe(known.get(publicKeyOf(j)))
        }
        expect(new Map(index)).toEqual(known)
        expect(new Set(known.values()).size).toBe(known.size)
        for (const slot of known.values()) expect(slot).toBeLessThan(index.capacity)
      }),
      runs(50),
    )
  })

  it('keeps 20,000 keys in less than 60 bytes each', () => {
    const index = new PeerIndex()
    for (let i = 0; i < 20_000; i++) index.add(publicKeyOf(i))
    expect(Array.from(index, ([key]) => key).toSorted()).toEqual(
      Array.from({ length: 20_000 }, (_, i) => publicKeyOf(i)).toSorted(),
    )
    expect(index.capacity).toBeLessThan(25_001)
  })
})

const START = Date.parse('2026-11-27T12:00:00Z')
const RULE = { connectedFor: 180_000, grace: 15_000 }
const [SECONDS, ENDPOINTS] = [
  [undefined, 0, 100, 100.2, 300],
  [undefined, 7, 8],
]

const peers = fc.uniqueArray(
  fc.record({
    key: fc.nat(5),
    handshake: fc.constantFrom(...SECONDS),
    port: fc.constantFrom(...ENDPOINTS),
    bytes: fc.nat(2),
    allowedIPs: fc.constantFrom<string[]>([], ['10.0.0.1/32'], ['10.0.0.1/32', '10.0.0.2/32']),
    isReversed: fc.boolean(),
  }),
  { selector: ({ key }) => key, maxLength: 6 },
)
/** A read of a device, and the seconds that pass before the next. */
const reads = fc.array(
  fc.record({ peers, listenPort: fc.nat(1), seconds: fc.constantFrom(1, 50, 200) }),
  { minLength: 1, maxLength: 8 },
)

type Read = Parameters<Parameters<(typeof reads)['map']>[0]>[0][number]

function deviceOf(read: Read): Device {
  return {
    name: 'wg0',
    backend: 'kernel',
    index: 7,
    privateKey: undefined,
    publicKey: undefined,
    listenPort: read.listenPort,
    firewallMark: 0,
    peers: read.peers.map(({ key, handshake, port, bytes, allowedIPs, isReversed }): Peer => ({
      publicKey: publicKeyOf(key),
      presharedKey: undefined,
      endpoint: port === undefined ? undefined : { host: '192.0.2.1', port },
      persistentKeepalive: 0,
      lastHandshake: handshake === undefined ? undefined : new Date(START + 1000 * handshake),
      receiveBytes: bytes,
      transmitBytes: bytes,
      allowedIPs: isReversed ? allowedIPs.toReversed() : allowedIPs,
      protocolVersion: 1,
    })),
  }
}

/** Returns what a watch of the reads tells, if so many peers are kept at each of them. */
async function eventsOf(list: readonly Read[], limits: readonly number[]): Promise<string[]> {
  let seconds = 0
  const clock = (): ClockReading => {
    const passed = 1000 * seconds
    const [boot, monotonic, wall] = [5_000_000 + passed, 1_000_000 + passed, START + passed]
    return { boot, monotonic, wall, steps: [], wasSet: false, hasSlept: false }
  }
  const [first, ...others] = list
  const watched = new WatchedDevice(deviceOf(first!), '7', undefined, clock(), limits[0]!)
  const lines = Array.from(watched.state(RULE, clock(), true), (event) => JSON.stringify(event))
  for (const [i, read] of others.entries()) {
    seconds += read.seconds
    const device = deviceOf(read)
    const snapshotPeers = limits[(i + 1) % limits.length]!
    const context = { rules: [RULE], wasWritten: () => false, snapshotPeers }
    const parts = watched.parts(await watched.compare(device))
    const events = Array.from(parts, (part) => watched.take(part, clock(), context)).flat()
    lines.push(...events.map((event) => JSON.stringify(withoutBefore(event))).toSorted(), '')
    const kept = device.peers.length > snapshotPeers ? [] : device.peers
    const snapshot = watched.device
    expect(snapshot.listenPort).toBe(device.listenPort)
    expect(snapshot.peers.map(({ publicKey }) => publicKey)).toEqual(
      kept.map(({ publicKey }) => publicKey),
    )
    lines.push(...new Set(Array.from(watched.state(RULE, clock(), true), (e) => JSON.stringify(e))))
  }
  return lines
}

/** The event as it is when only keys and numbers are kept. */
function withoutBefore({ event }: Addressed): object {
  if (event.type === 'peer-changed') return { ...event, fields: [], before: {}, after: {} }
  return event.type === 'endpoint-changed' ? { ...event, before: undefined } : event
}

describe('a device with many peers', () => {
  it.each([
    ['that is always large', [0]],
    ['that becomes larger and smaller', [3]],
    ['whose watchers come and go', [0, 10]],
  ])('%s has the same events as one that is kept whole', async (_, limits) => {
    await fc.assert(
      fc.asyncProperty(reads, async (list) => {
        const [packed, whole] = [await eventsOf(list, limits), await eventsOf(list, [100])]
        expect(packed.toSorted()).toEqual(whole.toSorted())
      }),
      runs(100),
    )
  })
})
