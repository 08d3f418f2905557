// An end of a measurement. `echo ADDRESS PORT` answers every datagram. `send ADDRESS PORT COUNT MS`
// sends numbered ones, one each MS milliseconds, and prints how many were answered.
import { createSocket } from 'node:dgram'
import { setInterval } from 'node:timers/promises'

const [role, address, port, count, interval] = process.argv.slice(2)
const socket = createSocket('udp4')
if (role === 'echo') {
  socket.on('message', (message, from) => socket.send(message, from.port, from.address))
  socket.bind(Number(port), address, () => process.stdout.write('ready\n'))
} else {
  const answered = new Set()
  socket.on('message', (message) => answered.add(message.readUInt32BE()))
  // An error of the network is a datagram without an answer.
  socket.on('error', () => {})
  const start = performance.now()
  let sent = 0
  let last = start
  // Half a second for the last answers.
  for await (const _ of setInterval(1)) {
    const now = performance.now()
    const due = Math.min(Number(count), Math.ceil((now - start) / Number(interval)))
    if (sent === due && now > last + 500) break
    for (; sent < due; sent++) {
      const message = Buffer.alloc(64)
      message.writeUInt32BE(sent)
      socket.send(message, Number(port), address, () => {})
      last = now
    }
  }
  process.stdout.write(`answered ${answered.size} of ${sent}\n`)
  socket.close()
}
