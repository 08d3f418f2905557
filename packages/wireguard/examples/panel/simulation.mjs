// A device inside this process, whose clients come, go and send.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SecretKey, WireGuard } from 'wireguard'
import { UapiServer } from 'wireguard/server'

/** Of each client, its name, and bytes a second that it sends and receives when it is there. */
const CLIENTS = [
  ['Anna, laptop', 180_000, 2_400_000],
  ['Anna, phone', 12_000, 90_000],
  ['Ben', 45_000, 620_000],
  ['Camera, garden', 850_000, 9_000],
  ['Office', 320_000, 410_000],
  ['Zoë', 0, 0],
]

/**
 * Returns what the panel needs of the device, and a function that ends it.
 *
 * @param socketDirectory where the socket of the device is; default: beside its file
 */
export async function simulate(socketDirectory) {
  const folder = await mkdtemp(join(tmpdir(), 'wireguard-panel-'))
  const directory = socketDirectory ?? folder
  const name = 'wg0'
  const path = join(folder, `${name}.conf`)
  const server = await UapiServer.listen({ name, directory, peerOrder: 'insertion' })
  const wg = await WireGuard.open({ socketDirectory: directory, backends: ['userspace'] })

  const rates = new Map()
  const peers = CLIENTS.map(([client, received, sent], i) => {
    const publicKey = SecretKey.generatePrivate().publicKey()
    rates.set(publicKey, { received, sent, phase: i })
    return `\n# friendly_name = ${client}\n[Peer]\nPublicKey = ${publicKey}\nAllowedIPs = 10.8.0.${i + 2}/32\nEndpoint = 192.0.2.${i + 10}:${40_000 + 97 * i}\n`
  })
  const privateKey = SecretKey.generatePrivate().toBase64()
  const head = `[Interface]\nAddress = 10.8.0.1/24\nListenPort = 51820\nPrivateKey = ${privateKey}\n`
  await writeFile(path, head + peers.join(''), { mode: 0o600 })
  await wg.applyConf(name, head + peers.join(''))

  const timer = setInterval(async () => {
    const device = await wg.device(name)
    const now = Date.now()
    for (const peer of device.peers) {
      const { publicKey, receiveBytes, transmitBytes, lastHandshake } = peer
      // A client that the panel has added is there at once.
      const { received, sent, phase } = rates.get(publicKey) ?? {
        received: 900,
        sent: 700,
        phase: 1,
      }
      const isThere = received > 0 && (phase === 0 || Math.sin(now / 20_000 + phase) > -0.6)
      if (!isThere) continue
      const wave = 0.6 + 0.4 * Math.sin(now / 3000 + phase)
      const isOld = lastHandshake === undefined || now - lastHandshake > 120_000
      server.setPeer(publicKey, {
        ...(isOld ? { lastHandshake: new Date(now) } : {}),
        receiveBytes: receiveBytes + Math.round(received * wave),
        transmitBytes: transmitBytes + Math.round(sent * wave),
      })
    }
  }, 1000)

  const stop = async () => {
    clearInterval(timer)
    await wg.close()
    await server.close()
    await rm(folder, { recursive: true })
  }
  return { name, path, socketDirectory: directory, stop }
}
