// node --expose-gc hold-device.mjs NAME: how many bytes a device keeps, as JSON.
import { WireGuard } from 'wireguard'

const wg = await WireGuard.open({ backends: ['userspace'] })
const name = process.argv[2]
// The first read loads and compiles code, which is not the device's.
await wg.device(name)
const before = await settled()
const device = await wg.device(name)
const after = await settled()
await wg.close()

console.log(
  JSON.stringify({
    peers: device.peers.length,
    heap: after.heapUsed - before.heapUsed,
    external: after.external - before.external,
  }),
)

/** What is reachable. Sockets let go of their buffers some turns of the event loop later. */
async function settled() {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
    globalThis.gc()
  }
  return process.memoryUsage()
}
