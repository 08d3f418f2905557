// Configures and reads a device that runs inside this process. It needs neither root nor a kernel
// module, and leaves nothing on the system.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatEndpoint, SecretKey, WireGuard } from 'wireguard'
import { UapiServer } from 'wireguard/server'

const [laptop, phone, office] = Array.from({ length: 3 }, () =>
  SecretKey.generatePrivate().publicKey(),
)
const names = new Map([
  [laptop, 'laptop'],
  [phone, 'phone'],
  [office, 'office'],
])

const directory = await mkdtemp(join(tmpdir(), 'wireguard-'))
try {
  const server = await UapiServer.listen({ name: 'wg0', directory })
  const wg = await WireGuard.open({ socketDirectory: directory, backends: ['userspace'] })

  await wg.configureDevice('wg0', {
    privateKey: SecretKey.generatePrivate(),
    listenPort: 51820,
    peers: [
      {
        publicKey: laptop,
        presharedKey: SecretKey.generatePreshared(),
        endpoint: '192.0.2.7:51820',
        allowedIPs: ['10.8.0.2/32', 'fd00:8::2/128'],
      },
      { publicKey: phone, persistentKeepalive: 25, allowedIPs: ['10.8.0.3/32'] },
      { publicKey: office, endpoint: '[2001:db8::1]:51820', allowedIPs: ['10.8.1.0/24'] },
    ],
  })
  // This device sends no packets, so set counters for the output.
  server.setPeer(laptop, {
    lastHandshake: new Date(Date.now() - 62_000),
    receiveBytes: 1_288_490,
    transmitBytes: 9_126_805,
  })

  for (const device of await wg.devices()) print(device)

  await wg.close()
  await server.close()
} finally {
  await rm(directory, { recursive: true })
}

/** @param {import('wireguard').Device} device */
function print(device) {
  console.log(`interface ${device.name} (${device.backend})`)
  field('public key', device.publicKey ?? 'none')
  field('private key', device.privateKey ?? 'none')
  field('listening port', device.listenPort)
  const peers = device.peers.toSorted((a, b) => a.allowedIPs[0].localeCompare(b.allowedIPs[0]))
  for (const peer of peers) {
    console.log(`\npeer ${names.get(peer.publicKey)}`)
    field('public key', peer.publicKey)
    if (peer.presharedKey) field('preshared key', peer.presharedKey)
    if (peer.endpoint) field('endpoint', formatEndpoint(peer.endpoint))
    field('allowed ips', peer.allowedIPs.join(', '))
    field('last handshake', peer.lastHandshake ? ago(peer.lastHandshake) : 'never')
    field('transfer', `${mib(peer.receiveBytes)} received, ${mib(peer.transmitBytes)} sent`)
    if (peer.persistentKeepalive) field('keepalive', `every ${peer.persistentKeepalive} s`)
  }
}

function field(name, value) {
  console.log(`  ${name.padEnd(15)} ${value}`)
}

function ago(date) {
  return `${Math.round((Date.now() - date.getTime()) / 1000)} s ago`
}

function mib(bytes) {
  return `${(bytes / 2 ** 20).toFixed(2)} MiB`
}
