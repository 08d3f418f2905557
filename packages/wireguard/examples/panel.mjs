// A web panel's API for the clients of an interface. The .conf file is its database: names are
// comments in it, and disabled clients are commented out. Run as root:
//
//   PANEL_TOKEN=$(openssl rand -hex 32) ENDPOINT=vpn.example.com:51820 node panel.mjs wg0 wg0.conf
//
//   GET    /clients        all clients
//   POST   /clients        {"name"} adds one; the answer has its file, which is not kept
//   PATCH  /clients/KEY    {"name"?, "enabled"?}
//   DELETE /clients/KEY
//
// It listens on the loopback only: put a proxy with TLS and a login in front of it.
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import {
  findPeer,
  isConnected,
  isWireGuardError,
  nextAddress,
  SecretKey,
  WireGuard,
} from 'wireguard'
import * as conf from 'wireguard/conf'

const [, , name = 'wg0', path = `/etc/wireguard/${name}.conf`] = process.argv
const { PANEL_TOKEN: token = '', ENDPOINT: endpoint = '', PORT = '8080' } = process.env
if (token.length < 32 || endpoint === '') throw new Error('set PANEL_TOKEN and ENDPOINT')
const LARGEST_BODY = 4096
const STATUS = { EINVAL: 400, EADDRNOTAVAIL: 409 }

const wg = await WireGuard.open()
let last = Promise.resolve()

const panel = createServer((request, response) => {
  answer(request).then(
    ([status, body]) => reply(response, status, body),
    (error) => {
      const isKnown = error instanceof Refusal || isWireGuardError(error)
      if (!isKnown) console.error(error)
      const status = error.status ?? STATUS[error.code] ?? 500
      reply(response, status, { error: isKnown ? error.message : 'internal error' })
    },
  )
})
panel.requestTimeout = 10_000
panel.listen(Number(PORT), '127.0.0.1', () => console.log(`port ${panel.address().port}`))
process.once('SIGTERM', async () => {
  panel.close()
  panel.closeAllConnections()
  await last
  await wg.close()
})

class Refusal extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

async function answer(request) {
  checkCaller(request)
  const [, collection, key, ...rest] = request.url.split('/')
  if (collection !== 'clients' || rest.length > 0) throw new Refusal(404, 'not found')
  const publicKey = key === undefined ? undefined : decode(key)
  switch (`${request.method} ${publicKey === undefined ? 'all' : 'one'}`) {
    case 'GET all':
      return [200, await list()]
    case 'POST all':
      return [201, await add(await readBody(request))]
    case 'PATCH one':
      return [200, await change(publicKey, await readBody(request))]
    case 'DELETE one':
      return [200, await remove(publicKey)]
    default:
      throw new Refusal(405, 'method not allowed')
  }
}

/** Refuses pages of other sites, names that lead here by DNS, and callers without the token. */
function checkCaller({ headers }) {
  const hosts = ['127.0.0.1', 'localhost'].map((host) => `${host}:${panel.address().port}`)
  if (!hosts.includes(headers.host)) throw new Refusal(421, 'unknown host')
  const isSame = hosts.some((host) => headers.origin === `http://${host}`)
  if (headers.origin !== undefined && !isSame) throw new Refusal(403, 'other origin')
  const given = digest(headers.authorization ?? '')
  if (!timingSafeEqual(given, digest(`Bearer ${token}`))) throw new Refusal(401, 'no access')
}

function digest(text) {
  return createHash('sha256').update(text).digest()
}

function decode(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refusal(400, 'expected a public key, percent-encoded')
  }
}

async function readBody(request) {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    throw new Refusal(415, 'expected application/json')
  }
  let text = ''
  const chunks = request.setEncoding('utf8').iterator({ destroyOnReturn: false })
  for await (const chunk of chunks) {
    text += chunk
    if (text.length > LARGEST_BODY) throw new Refusal(413, 'body too large')
  }
  const body = parse(text)
  if (body === null || typeof body !== 'object') throw new Refusal(400, 'expected a JSON object')
  return body
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function reply(response, status, body) {
  response.writeHead(status, {
    'content-type': 'application/json',
    // An answer may hold a private key.
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // After a refusal, the rest of a body is not read.
    ...(status < 400 ? {} : { connection: 'close' }),
  })
  response.end(`${JSON.stringify(body)}\n`)
}

async function list() {
  const file = conf.parseConf(await readFile(path, 'utf8'))
  const device = await wg.device(name)
  const clientOf = (enabled) => (section) => {
    const publicKey = section.get('PublicKey')
    const peer = enabled ? findPeer(device, publicKey) : undefined
    return {
      publicKey,
      name: conf.peerName(section) ?? null,
      enabled,
      allowedIPs: allowedIPsOf(section),
      connected: peer !== undefined && isConnected(peer),
      lastHandshake: peer?.lastHandshake ?? null,
      receiveBytes: peer?.receiveBytes ?? 0,
      transmitBytes: peer?.transmitBytes ?? 0,
    }
  }
  return [...file.peers.map(clientOf(true)), ...file.disabledPeers.map(clientOf(false))]
}

function allowedIPsOf(section) {
  return section.getAll('AllowedIPs').flatMap((value) => value.split(',').map((ip) => ip.trim()))
}

async function add({ name: clientName }) {
  const privateKey = SecretKey.generatePrivate()
  const presharedKey = SecretKey.generatePreshared()
  const client = { publicKey: privateKey.publicKey(), presharedKey, name: clientName }
  let address
  await edit((file) => {
    const network = conf.interfaceSettings(file).addresses[0]
    const used = [...file.peers, ...file.disabledPeers].flatMap(allowedIPsOf)
    address = nextAddress(network, used)
    conf.addPeer(file, { ...client, allowedIPs: [address] })
  })
  const { publicKey } = await wg.device(name)
  const server = { publicKey, presharedKey, endpoint, persistentKeepalive: 25 }
  const file = conf.formatConf(conf.clientConf({ privateKey, addresses: [address], server }))
  return { publicKey: client.publicKey, address, file }
}

async function change(publicKey, { name: clientName, enabled }) {
  await edit((file) => {
    const wasDisabled = file.enablePeer(publicKey)
    const section = file.peer(publicKey)
    if (section === undefined) throw new Refusal(404, 'no such client')
    if (clientName !== undefined) conf.setPeerName(section, clientName)
    if (enabled === undefined ? wasDisabled : !enabled) file.disablePeer(publicKey)
  })
  return { publicKey }
}

async function remove(publicKey) {
  await edit((file) => {
    file.enablePeer(publicKey)
    if (!file.removePeer(publicKey)) throw new Refusal(404, 'no such client')
  })
  return { publicKey }
}

/** Changes the file, then the interface: one request after the other. */
function edit(step) {
  const result = last.then(async () => {
    const file = conf.parseConf(await readFile(path, 'utf8'))
    step(file)
    await writeFile(`${path}.new`, conf.formatConf(file), { mode: 0o600 })
    await rename(`${path}.new`, path)
    await wg.applyConf(name, file)
  })
  last = result.catch(() => {})
  return result
}
