// Prints the processor time of a round of reads in milliseconds, as means of 100 rounds each, and
// the growth of the heap, as JSON.
import { WireGuard } from 'wireguard'
import { NetlinkClient } from 'wireguardnl'
import { dumpPayloads, replay } from '../replay.mjs'
import { settled } from '../settled.mjs'

const NAMES = Array.from({ length: 100 }, (_, i) => `wg${i}`)
const ROUNDS = 100

const wg = await WireGuard.open({ backends: [new NetlinkClient(replay(dumpPayloads(100)))] })
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
  const devices = await Promise.all(NAMES.map((name) => wg.device(name)))
  if (devices.some(({ peers }) => peers.length !== 100)) throw new Error('not 100 peers')
}
