// node read-once.mjs NAME reads one device, as a script would.
import { WireGuard } from 'wireguard'

const wg = await WireGuard.open()
const { peers } = await wg.device(process.argv[2])
await wg.close()
if (peers.length === 0) throw new Error('no peers')
