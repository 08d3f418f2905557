// Prints what each look of a watch of replayed kernel devices costs in milliseconds, as a list in
// JSON. Arguments: the number of devices; of the peers of each; one of how many peers has other
// counters at each look; and what is measured: `cpu`, or `turns` for the longest turn of the event
// loop.
import { constants, setPriority } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { WireGuard } from 'wireguard'
import { NetlinkClient } from 'wireguardnl'
import { changeCounters, dumpPayloads, replay } from '../replay.mjs'

const LOOKS = 40

const [devices, peers, part] = process.argv.slice(2).map(Number)
const isOfTurns = process.argv[5] === 'turns'
try {
  // Time that other programs take must not count as a turn.
  setPriority(constants.priority.PRIORITY_HIGHEST)
} catch {
  // Only root may do this.
}

const payloads = dumpPayloads(peers)
const client = new NetlinkClient(replay(payloads))
const names = Array.from({ length: devices }, (_, i) => `wg${i}`)
const looks = { count: 0, cpu: process.cpuUsage(), turn: 0 }
const samples = []

/** All devices of the replayed kernel have the same name, so they get theirs here. */
const backend = {
  kind: 'kernel',
  async deviceNames() {
    const { user, system } = process.cpuUsage(looks.cpu)
    samples.push(isOfTurns ? looks.turn : (user + system) / 1000)
    changeCounters(payloads, (peer) => peer % part === looks.count % part)
    if (looks.count++ === LOOKS) done()
    await nextTurn()
    looks.cpu = process.cpuUsage()
    looks.turn = 0
    return names
  },
  device: (name, options) => client.device(name, options),
  reader(name) {
    const reader = client.reader('wg0')
    return { read: async () => ({ ...(await reader.read()), name }), close: () => reader.close() }
  },
  configureDevice: () => Promise.reject(new Error('read only')),
  close: () => client.close(),
}

let done = () => {}
const isDone = new Promise((resolve) => {
  done = () => resolve(undefined)
})
const wg = await WireGuard.open({ backends: [backend] })
const watcher = wg.watch({ interval: 1, traffic: true })
let events = 0
const reading = (async () => {
  for await (const event of watcher) events += event.type === 'traffic' ? 1 : 0
})()
let running = true
let last = performance.now()
const measure = () => {
  const now = performance.now()
  looks.turn = Math.max(looks.turn, now - last)
  last = now
  if (running) setImmediate(measure)
}
if (isOfTurns) setImmediate(measure)
await isDone
running = false
await watcher.return()
await reading
await wg.close()
if (part > 0 && events === 0) throw new Error('no traffic was told')
// V8 compiles in the first looks.
console.log(JSON.stringify(samples.slice(-20)))
