// Prints the bytes that a replayed device of 10,000 peers keeps, as JSON: per peer if the device is
// kept, and per datagram if one key of each datagram of a stream is kept.
import { WireGuard } from 'wireguard'
import { NetlinkClient } from 'wireguardnl'
import { dumpPayloads, replay } from '../replay.mjs'
import { settled } from '../settled.mjs'

const PEERS = 10_000
const payloads = dumpPayloads(PEERS)
const client = new NetlinkClient(replay(payloads))
// With so many datagrams, a buffer that other code keeps does not matter.
const TIMES = 10
const large = new NetlinkClient(replay(payloads, TIMES))
const wg = await WireGuard.open({ backends: [client] })
// The first calls also load and compile code, which must not count.
await wg.device('wg0')
await keys()

let before = await settled()
const device = await wg.device('wg0')
const perPeer = ((await settled()) - before) / device.peers.length
if (device.peers.length !== PEERS) throw new Error(`${device.peers.length} peers`)

before = await settled()
const kept = await keys()
const perDatagram = ((await settled()) - before) / kept.length
await large.close()
if (kept.length < TIMES * payloads.length) throw new Error(`${kept.length} keys`)
await wg.close()
console.log(JSON.stringify({ perPeer, perDatagram }))

async function keys() {
  const all = []
  for await (const batch of large.peerBatches('wg0')) all.push(batch[0].publicKey)
  return all
}
