// Prints as JSON how long the metrics of a device of 10,000 peers take to render, and how long its
// lines take to join, in pairs.
import { SecretKey } from 'wireguard'
import { renderMetrics } from 'wireguard/metrics'

const PEERS = 10_000
const ROUNDS = 40
const now = Date.now()

const peers = Array.from({ length: PEERS }, (_, i) => ({
  publicKey: SecretKey.generatePreshared().toBase64(),
  allowedIPs: [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`],
  endpoint: { host: '192.0.2.1', port: 1024 + i },
  persistentKeepalive: i % 2 === 0 ? 25 : 0,
  receiveBytes: i * 123_457,
  transmitBytes: i * 7_654_321,
  // Every fourth peer has never been seen.
  lastHandshake: i % 4 === 0 ? undefined : new Date(now - i * 100),
}))
const device = {
  name: 'wg0',
  publicKey: SecretKey.generatePrivate().publicKey(),
  listenPort: 51_820,
  firewallMark: 0,
  peers,
}

const samples = { ours: [], reference: [] }
const lines = renderMetrics([device]).split('\n')
for (let i = 0; i < ROUNDS; i++) {
  samples.ours.push(timed(() => renderMetrics([device])))
  samples.reference.push(timed(() => lines.join('\n')))
}
console.log(JSON.stringify(samples))

/** Milliseconds of a step whose text is used, and flat. */
function timed(step) {
  globalThis.gc()
  const started = performance.now()
  const text = step()
  const length = Buffer.byteLength(text)
  const took = performance.now() - started
  if (length < 100 * PEERS) throw new Error(`${length} bytes`)
  return took
}
