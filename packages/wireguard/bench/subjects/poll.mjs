// Prints the processor time of a round of reads in milliseconds, as means of 100 rounds each, and
// the growth of the heap, as JSON. With the argument `again`, each read knows the one before.
import { WireGuard } from 'wireguard'
import { NetlinkClient } from 'wireguardnl'
import { dumpPayloads, replay } from '../replay.mjs'
import { settled } from '../settled.mjs'

const NAMES = Array.from({ length: 100 }, (_, i) => `wg${i}`)
const ROUNDS = 100

const client = new NetlinkClient(replay(dumpPayloads(100)))
const wg = await WireGuard.open({ backends: [client] })
/** As `watch` reads: with what is known of the last round. */
const readers = process.argv[2] === 'again' ? NAMES.map((name) => client.reader(name)) : undefined
await round()
await hundredRounds()
const before = await settled()
const rounds = []
for (let i = 0; i < 9; i++) rounds.push(await hundredRounds())
const after = await settled()
await wg.close()
console.log(JSON.stringify({ rounds, growth: after - before }))

async function hundredRounds() {
  const start = process.cpuUsage()
  for (let i = 0; i < ROUNDS; i++) await round()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000 / ROUNDS
}

async function round() {
  const reads = readers?.map((reader) => reader.read()) ?? NAMES.map((name) => wg.device(name))
  const devices = await Promise.all(reads)
  if (devices.some(({ peers }) => peers.length !== 100)) throw new Error('not 100 peers')
}
