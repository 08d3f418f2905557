// Prints how many bytes a poll of one replayed kernel device of 10,000 peers allocates, as `watch`
// reads it, as JSON: when nothing changed, and when the counters of 5 % of the peers did.
import { NetlinkClient } from 'wireguardnl'
import { changeCounters, dumpPayloads, replay } from '../replay.mjs'

const PEERS = 10_000
const ROUNDS = 40
/** So few that the garbage of a round is not collected before its end. */
const POLLS = 8

const payloads = dumpPayloads(PEERS)
const client = new NetlinkClient(replay(payloads))
const reader = client.reader('wg0')
const unchanged = await garbage(() => {})
const changed = await garbage((i) => changeCounters(payloads, (peer) => peer % 20 === i % 20))
reader.close()
await client.close()
console.log(JSON.stringify({ unchanged, changed }))

/** Returns how many bytes a poll allocates: means of eight polls each. */
async function garbage(change) {
  const samples = []
  for (let i = 0; i < ROUNDS; i++) {
    globalThis.gc()
    let sum = 0
    for (let j = 0; j < POLLS; j++) {
      change(POLLS * i + j)
      const before = allocated()
      const { peers } = await reader.read()
      if (peers.length !== PEERS) throw new Error(`${peers.length} peers`)
      sum += allocated() - before
    }
    samples.push(sum / POLLS)
  }
  // Those before, V8 was compiling.
  return samples.slice(-15)
}

function allocated() {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
