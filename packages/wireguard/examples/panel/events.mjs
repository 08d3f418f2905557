// Server-sent events. A page gets everything when it connects, so one that has lost its connection
// only connects again, which browsers do by themselves:
//
//   clients     {interface, clients}: everything, again after a change
//   traffic     {at, peers: [[publicKey, received, sent], ...]}: each second, bytes since the last
//   connection  {publicKey, connected, lastHandshake?}
//   failure     {message}: the clients could not be read

const INTERVAL = 1000
/** A page that takes nothing is disconnected before it fills the memory. */
const MOST_UNSENT = 4 * 1024 * 1024

/** Sends events until the page goes, or the panel ends. */
export async function sendEvents(response, { wg, name, clients }) {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  const send = (type, data) => {
    response.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`)
    if (response.writableLength > MOST_UNSENT) response.destroy()
  }
  let traffic = new Map()
  let isPending = false
  const sendClients = async () => {
    // Changes that come together are told together.
    if (isPending) return
    isPending = true
    await clients.settled()
    isPending = false
    try {
      send('clients', { interface: await clients.interface(), clients: await clients.list() })
    } catch (error) {
      send('failure', { message: error.message })
    }
  }
  const timer = setInterval(() => {
    const peers = Array.from(traffic, ([publicKey, bytes]) => [publicKey, ...bytes])
    traffic = new Map()
    send('traffic', { at: Date.now(), peers })
  }, INTERVAL)
  const watcher = wg.watch({ devices: [name], interval: INTERVAL, traffic: true })
  const end = () => void watcher.return()
  response.on('close', end)
  clients.on('change', sendClients)
  try {
    await sendClients()
    for await (const event of watcher) {
      const { type, publicKey, initial } = event
      if (initial) continue
      switch (type) {
        case 'traffic': {
          const [received, sent] = traffic.get(publicKey) ?? [0, 0]
          traffic.set(publicKey, [received + event.receiveBytes, sent + event.transmitBytes])
          break
        }
        case 'connected':
        case 'disconnected':
        case 'handshake': {
          const lastHandshake = event.handshakeAt
          send('connection', { publicKey, connected: type !== 'disconnected', lastHandshake })
          break
        }
        case 'error':
          send('failure', { message: event.error.message })
          break
        case 'peer-added':
        case 'peer-removed':
        case 'device-added':
        case 'device-removed':
        case 'device-changed':
        case 'resync':
          await sendClients()
      }
    }
  } finally {
    clearInterval(timer)
    clients.off('change', sendClients)
    response.end()
  }
}
