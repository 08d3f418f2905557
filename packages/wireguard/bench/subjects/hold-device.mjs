// node --expose-gc hold-device.mjs NAME prints the bytes that a device keeps, as JSON.
import { WireGuard } from 'wireguard'

const wg = await WireGuard.open({ backends: ['userspace'] })
const name = process.argv[2]
// The first read also loads and compiles code, which must not count.
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

/**
 * Returns the memory that is reachable. Waits, because sockets release their buffers some turns of
 * the event loop later.
 */
async function settled() {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
    globalThis.gc()
  }
  return process.memoryUsage()
}
