// A web panel for the clients of an interface: a page, and the API that it uses. The .conf file is
// its database. Run as root, and open http://127.0.0.1:8080:
//
//   npm install wireguard uplot uqr
//   PANEL_TOKEN=$(openssl rand -hex 32) ENDPOINT=vpn.example.com:51820 node panel.mjs wg0 wg0.conf
//
//   GET    /clients        all clients
//   POST   /clients        {"name"} adds one; the answer has its file, which is not kept
//   PATCH  /clients/KEY    {"name"?, "enabled"?}
//   DELETE /clients/KEY
//   GET    /events         server-sent events: see panel/events.mjs
//   POST   /session        {"token"} logs a page in, DELETE logs it out
//
// It listens on the loopback only: put a proxy with TLS and a login in front of it.
import { createServer } from 'node:http'
import { isWireGuardError, WireGuard } from 'wireguard'
import { Access } from './panel/access.mjs'
import { Clients } from './panel/clients.mjs'
import { sendEvents } from './panel/events.mjs'
import { decode, readBody, Refusal, reply } from './panel/http.mjs'
import { sendFile } from './panel/page.mjs'

const [, , name = 'wg0', path = `/etc/wireguard/${name}.conf`] = process.argv
const { PANEL_TOKEN: token = '', ENDPOINT: endpoint = '', PORT = '8080' } = process.env
if (token.length < 32 || endpoint === '') throw new Error('set PANEL_TOKEN and ENDPOINT')
const STATUS = { EINVAL: 400, EADDRNOTAVAIL: 409 }

// For an interface of a userspace implementation with its sockets elsewhere.
const { SOCKET_DIRECTORY: socketDirectory } = process.env
const wg = await WireGuard.open(
  socketDirectory === undefined ? {} : { socketDirectory, backends: ['userspace'] },
)
const clients = new Clients(wg, name, path, endpoint)
const access = new Access(token)

export const panel = createServer((request, response) => {
  answer(request, response).catch((error) => {
    const isKnown = error instanceof Refusal || isWireGuardError(error)
    if (!isKnown) console.error(error)
    const status = error.status ?? STATUS[error.code] ?? 500
    const message = isKnown ? error.message : 'internal error'
    if (response.headersSent) response.destroy()
    else reply(response, status, { error: message })
  })
})
panel.requestTimeout = 10_000
panel.listen(Number(PORT), '127.0.0.1', () => console.log(`port ${panel.address().port}`))
process.once('SIGTERM', async () => {
  panel.close()
  panel.closeAllConnections()
  await clients.settled()
  await wg.close()
})

async function answer(request, response) {
  access.checkOrigin(request, panel.address().port)
  if (sendFile(request, response)) return
  const [, collection, key, ...rest] = request.url.split('/')
  if (rest.length > 0) throw new Refusal(404, 'not found')
  if (collection === 'session' && key === undefined) return await session(request, response)
  access.check(request)
  if (collection === 'events' && key === undefined && request.method === 'GET') {
    return await sendEvents(response, { wg, name, clients })
  }
  if (collection !== 'clients') throw new Refusal(404, 'not found')
  const publicKey = key === undefined ? undefined : decode(key)
  switch (`${request.method} ${publicKey === undefined ? 'all' : 'one'}`) {
    case 'GET all':
      return reply(response, 200, await clients.list())
    case 'POST all':
      return reply(response, 201, await clients.add(await readBody(request)))
    case 'PATCH one':
      return reply(response, 200, await clients.change(publicKey, await readBody(request)))
    case 'DELETE one':
      return reply(response, 200, await clients.remove(publicKey))
    default:
      throw new Refusal(405, 'method not allowed')
  }
}

async function session(request, response) {
  switch (request.method) {
    case 'POST':
      return reply(response, 200, {}, access.logIn(await readBody(request)))
    case 'DELETE':
      return reply(response, 200, {}, access.logOut())
    default:
      throw new Refusal(405, 'method not allowed')
  }
}
