// Prints the longest stall of the event loop during each read of 100,000 peers, as JSON.
import { constants, setPriority } from 'node:os'
import { PerformanceObserver } from 'node:perf_hooks'
import { WireGuard } from 'wireguard'
import { NetlinkClient } from 'wireguardnl'
import { dumpPayloads, replay } from '../replay.mjs'

const READS = 15

try {
  // Time that other programs take must not count as a stall.
  setPriority(constants.priority.PRIORITY_HIGHEST)
} catch {
  // Only root may do this.
}

/** @type {PerformanceEntry[]} */
const collections = []
const observer = new PerformanceObserver((list) => collections.push(...list.getEntries()))
observer.observe({ entryTypes: ['gc'] })

const wg = await WireGuard.open({ backends: [new NetlinkClient(replay(dumpPayloads(10_000), 10))] })
await wg.device('wg0')
const own = []
const all = []
for (let i = 0; i < READS; i++) {
  const turns = await turnsWhile(() => wg.device('wg0'))
  // The observer gets the collections a little later.
  await new Promise((resolve) => {
    setTimeout(resolve, 20)
  })
  const gaps = turns.slice(1).map((end, j) => ({ start: turns[j], end }))
  all.push(Math.max(...gaps.map(({ start, end }) => end - start)))
  own.push(Math.max(...gaps.map(({ start, end }) => end - start - collecting(start, end))))
}
await wg.close()
console.log(JSON.stringify({ own, all }))

/** Returns the start time of each turn of the event loop. */
async function turnsWhile(work) {
  const turns = [performance.now()]
  let running = true
  const next = () => {
    turns.push(performance.now())
    if (running) setImmediate(next)
  }
  setImmediate(next)
  const { peers } = await work()
  running = false
  turns.push(performance.now())
  if (peers.length !== 100_000) throw new Error(`${peers.length} peers`)
  return turns
}

function collecting(start, end) {
  return collections
    .filter((entry) => entry.startTime < end && entry.startTime + entry.duration > start)
    .reduce((sum, { duration }) => sum + duration, 0)
}
