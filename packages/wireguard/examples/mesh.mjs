// Keeps a full mesh of many hosts over etcd. Each host publishes its public key, its endpoint and
// its address, watches those of the others, and changes its interface when one of them changes. Run
// it as root on each host:
//
//   node mesh.mjs wg0 10.8.0.1/24 192.0.2.1:51820 http://192.0.2.9:2379
//
// An entry lives as long as the lease of its host: SIGTERM removes it at once, a crash after 15
// seconds. While etcd cannot be reached, the tunnels stay as they are. Whoever can write to etcd
// decides who is in the mesh: use https, and a role for the prefix.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  canonicalAllowedIP,
  containsAllowedIP,
  parseEndpoint,
  parsePublicKey,
  SecretKey,
  toPeerConfig,
  WireGuard,
} from 'wireguard'

const [, , name, address, endpoint, etcd] = process.argv
const LEASE = Number(process.env.LEASE ?? 15) // seconds
const PREFIX = 'wireguard-mesh/'
const network = canonicalAllowedIP(address)
const ownIP = canonicalAllowedIP(address.split('/')[0])

const wg = await WireGuard.open()
const { port: listenPort } = parseEndpoint(endpoint)
const options = { config: { listenPort }, addresses: [address], up: true }
await wg.createDevice(name, { ...options, ifExists: 'use' })
if ((await wg.device(name)).privateKey === undefined) {
  await wg.configureDevice(name, { privateKey: SecretKey.generatePrivate() })
}
const device = await wg.device(name)

/** The other hosts by public key. Those of an earlier run stay until etcd has been asked. */
const hosts = new Map(device.peers.map((peer) => [peer.publicKey, { peer: toPeerConfig(peer) }]))
/** When to remove the hosts that etcd did not have after an interruption: they may come back. */
const missing = new Map()
let lease
let previous
let syncing = Promise.resolve()

process.once('SIGTERM', async () => {
  await post('/v3/lease/revoke', { ID: lease }).catch(() => {})
  process.exit()
})
for (;;) {
  try {
    await takePart()
  } catch (error) {
    console.error(`${error.message}: ${error.cause?.message ?? 'trying again'}; the tunnels stay`)
  }
  await sleep(500 + 1000 * Math.random())
}

/** Publishes this host and follows the others, until etcd fails. */
async function takePart() {
  const ended = new AbortController()
  try {
    lease = (await post('/v3/lease/grant', { TTL: LEASE })).ID
    const value = JSON.stringify({ endpoint, allowedIPs: [ownIP] })
    const entry = { key: encode(PREFIX + device.publicKey), value: encode(value), lease }
    await post('/v3/kv/put', entry)
    // All keys that begin with the prefix: 0 follows /.
    const range = { key: encode(PREFIX), range_end: encode(PREFIX.replace('/', '0')) }
    const { header, kvs = [] } = await post('/v3/kv/range', range)
    for (const publicKey of hosts.keys()) missing.set(publicKey, Date.now() + 2000 * LEASE)
    for (const found of kvs) takeHost(found)
    await sync()
    const start_revision = String(BigInt(header.revision) + 1n)
    const watch = { create_request: { ...range, start_revision } }
    const { body } = await request('/v3/watch', watch, ended.signal)
    await Promise.race([follow(body), keepAlive(ended.signal)])
  } finally {
    ended.abort()
  }
}

async function follow(body) {
  for await (const line of linesOf(body)) {
    const { result } = JSON.parse(line)
    if (result === undefined || result.canceled) break
    for (const { type, kv } of result.events ?? []) {
      if (type === 'DELETE') forget(decode(kv.key).slice(PREFIX.length))
      else takeHost(kv)
    }
    await sync()
  }
  throw new Error('etcd has ended the watch')
}

async function keepAlive(signal) {
  for (;;) {
    await sleep((1000 * LEASE) / 3, undefined, { signal })
    const { result } = await post('/v3/lease/keepalive', { ID: lease })
    if (result?.TTL === undefined) throw new Error('the lease has expired')
    const late = [...missing].filter(([, time]) => time <= Date.now()).map(([key]) => key)
    for (const publicKey of late) forget(publicKey)
    if (late.length > 0) await sync()
  }
}

/** Takes what a host has published. What cannot be used changes nothing. */
function takeHost({ key, value, create_revision: since }) {
  try {
    const publicKey = parsePublicKey(decode(key).slice(PREFIX.length))
    const published = JSON.parse(decode(value))
    const allowedIPs = published.allowedIPs.map((text) => canonicalAllowedIP(text))
    const outside = allowedIPs.find((allowedIP) => !containsAllowedIP(network, allowedIP))
    if (outside !== undefined) throw new Error(`${outside} is not in ${network}`)
    const peer = { publicKey, endpoint: parseEndpoint(published.endpoint), allowedIPs }
    missing.delete(publicKey)
    if (publicKey !== device.publicKey) hosts.set(publicKey, { peer, since: BigInt(since) })
  } catch (error) {
    console.error(`ignored ${decode(key)}: ${error.message}`)
  }
}

function forget(publicKey) {
  missing.delete(publicKey)
  hosts.delete(publicKey)
}

/** Makes the interface have the hosts as its peers. An address belongs to whoever had it first. */
function sync() {
  syncing = syncing.catch(() => {}).then(syncOnce)
  return syncing
}

async function syncOnce() {
  const taken = new Set([ownIP])
  const mayHave = (allowedIP) => !taken.has(allowedIP) && taken.add(allowedIP)
  const inOrder = [...hosts.values()].toSorted(({ since: a = 0n }, { since: b = 0n }) =>
    a < b ? -1 : 1,
  )
  const peers = inOrder.map(({ peer }) => ({
    ...peer,
    allowedIPs: peer.allowedIPs.filter(mayHave),
    persistentKeepalive: 25,
  }))
  const { added, removed } = await wg.syncDevice(name, { peers }, { previous })
  previous = { peers }
  for (const publicKey of added) console.log(`added ${publicKey}`)
  for (const publicKey of removed) console.log(`removed ${publicKey}`)
}

async function post(path, body) {
  return await (await request(path, body, AbortSignal.timeout(5000))).json()
}

/** Calls the HTTP gateway of etcd. */
async function request(path, body, signal) {
  const url = new URL(path, etcd)
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body), signal })
  if (!response.ok) throw new Error(`etcd ${path}: ${response.status}`)
  return response
}

async function* linesOf(body) {
  let rest = ''
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()
    yield* lines
  }
}

function encode(text) {
  return Buffer.from(text).toString('base64')
}

function decode(text) {
  return Buffer.from(text, 'base64').toString()
}
