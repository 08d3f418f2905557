// Connects two network namespaces with WireGuard in the kernel. Run as root:
// ip netns add left; ip netns add right; node two-namespaces.mjs
import { spawnSync } from 'node:child_process'
import { SecretKey, WireGuard } from 'wireguard'

const left = { netns: 'left', ip: '10.7.0.1', port: 51871, key: SecretKey.generatePrivate() }
const right = { netns: 'right', ip: '10.7.0.2', port: 51872, key: SecretKey.generatePrivate() }
const wg = await WireGuard.open()

/**
 * The encrypted packets use the namespace of this process, so each peer has the endpoint address
 * 127.0.0.1.
 */
const create = (me, { key, ip, port }) =>
  wg.createDevice(`wg-${me.netns}`, {
    backend: 'kernel',
    config: {
      privateKey: me.key,
      listenPort: me.port,
      peers: [{ publicKey: key.publicKey(), endpoint: `127.0.0.1:${port}`, allowedIPs: [ip] }],
    },
    moveTo: me.netns,
    addresses: [`${me.ip}/24`],
    up: true,
  })
const devices = [await create(left, right), await create(right, left)]
spawnSync('ip', ['netns', 'exec', 'left', 'ping', '-c', '3', right.ip], { stdio: 'inherit' })
for (const device of devices) await device.delete()
