// npm run panel: the panel with everything that it needs. Without arguments it shows a device
// inside this process, whose clients are simulated; `npm run panel -- wg0` shows the interface wg0.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { simulate } from './simulation.mjs'

process.env.PANEL_TOKEN ??= randomBytes(32).toString('hex')
process.env.ENDPOINT ??= 'vpn.example.com:51820'
if (process.argv[2] === undefined) {
  const { name, path, socketDirectory, stop } = await simulate()
  process.argv[2] = name
  process.argv[3] = path
  process.env.SOCKET_DIRECTORY = socketDirectory
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
}
process.once('SIGINT', () => process.kill(process.pid, 'SIGTERM'))
const { panel } = await import('../panel.mjs')
if (!panel.listening) await once(panel, 'listening')
console.log(`http://127.0.0.1:${panel.address().port}/#${process.env.PANEL_TOKEN}`)
