// For `node --import`: counts the requests to devices, and prints their number with SIGUSR2.
import { tracingChannel } from 'node:diagnostics_channel'

let requests = 0
tracingChannel('wireguard:request').subscribe({
  start: () => {
    requests++
  },
})
process.on('SIGUSR2', () => process.stdout.write(`requests ${requests}\n`))
