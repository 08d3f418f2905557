// An end of a measurement. `echo ADDRESS PORT` answers every datagram. `send ADDRESS PORT MS` sends
// numbered ones, each MS milliseconds or a little more, until standard input ends, and prints how
// many were answered.
import { createSocket } from 'node:dgram'
import { setInterval } from 'node:timers/promises'

const [role, address, port, interval] = process.argv.slice(2)
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
  let end = Infinity
  process.stdout.write('ready\n')
  process.stdin.resume().on('end', () => {
    end = performance.now()
  })
  let sent = 0
  for await (const _ of setInterval(1)) {
    const now = performance.now()
    // Half a second for the last answers.
    if (now > end + 500) break
    if (now > end || now < start + sent * Number(interval)) continue
    const message = Buffer.alloc(64)
    message.writeUInt32BE(sent++)
    socket.send(message, Number(port), address, () => {})
  }
  process.stdout.write(`answered ${answered.size} of ${sent}\n`)
  socket.close()
}
