// Runs examples of the documentation, one after the other, and prints what came of each as JSON.
// Standard input has them: [{ place, code }]. The argument says against what: `server`, a device in
// this process; or `machine`, interfaces of this machine, for which it is started in namespaces of
// its own.
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { format } from 'node:util'
import { SecretKey, WireGuard } from 'wireguard'
import { UapiServer } from 'wireguard/server'

const LAPTOP = 'HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw='
const PHONE = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='
const PRIVATE_KEY = SecretKey.parse('gI6EdUSYvn8ugXOt8QQD6Yc+JyiZxIhp3GInSWRfWGE=')

/** What wg0 has before each example. */
const CONFIG = {
  privateKey: PRIVATE_KEY,
  listenPort: 51820,
  peers: [
    {
      publicKey: LAPTOP,
      presharedKey: SecretKey.generatePreshared(),
      endpoint: '192.0.2.7:51820',
      allowedIPs: ['10.8.0.2/32', 'fd00:8::2/128'],
    },
    { publicKey: PHONE, persistentKeepalive: 25, allowedIPs: ['10.8.0.3/32'] },
  ],
}

/** What /etc/wireguard/wg0.conf is to the examples. */
const CONF = `[Interface]
Address = 10.8.0.1/24
PrivateKey = ${PRIVATE_KEY.toBase64()}
ListenPort = 51820

# friendly_name = laptop
[Peer]
PublicKey = ${LAPTOP}
Endpoint = localhost:51820
AllowedIPs = 10.8.0.2/32, fd00:8::2/128

[Peer]
# friendly_name = phone
PublicKey = ${PHONE}
AllowedIPs = 10.8.0.3/32
PersistentKeepalive = 25
`

const directory = mkdtempSync(join(tmpdir(), 'wireguard-docs-'))
const run = { server: onServer, machine: onMachine }[process.argv[2]]
const outcomes = []
let count = 0
try {
  const modules = fileURLToPath(new URL('../../../../node_modules', import.meta.url))
  symlinkSync(modules, join(directory, 'node_modules'))
  for (const example of JSON.parse(readFileSync(0, 'utf8'))) {
    writeFileSync(join(directory, 'wg0.conf'), CONF)
    outcomes.push({ place: example.place, ...(await run(example)) })
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.stdout.write(JSON.stringify(outcomes))

async function onServer({ code }) {
  const server = await UapiServer.listen({ name: 'wg0', directory, peerOrder: 'insertion' })
  const wg = await WireGuard.open({ socketDirectory: directory, backends: ['userspace'] })
  try {
    await wg.configureDevice('wg0', CONFIG)
    server.setPeer(LAPTOP, {
      lastHandshake: new Date(Date.now() - 62_000),
      receiveBytes: 1_288_490,
      transmitBytes: 9_126_805,
    })
    // The changes to an example: a device of this process, and not of this machine.
    const own = `socketDirectory: ${JSON.stringify(directory)}, backends: ['userspace']`
    const changed = code
      .replaceAll('WireGuard.open()', `WireGuard.open({ ${own} })`)
      .replaceAll('new UapiClient()', `new UapiClient({ directory: ${JSON.stringify(directory)} })`)
    return await execute(changed)
  } finally {
    await wg.close()
    await server.close()
  }
}

async function onMachine({ code }) {
  const wg = await WireGuard.open()
  try {
    if (!code.includes("createDevice('wg0'") && !code.includes("createLink('wg0'")) {
      await wg.createDevice('wg0', { config: CONFIG, addresses: ['10.8.0.1/24'], up: true })
    }
    return await execute(code)
  } finally {
    await wg.close()
    for (const netns of [undefined, 'left', 'right']) await deleteAll(netns)
  }
}

/** Deletes all WireGuard interfaces of a namespace. */
async function deleteAll(netns) {
  const wg = await WireGuard.open({ netns })
  for (const name of await wg.deviceNames()) await wg.deleteDevice(name, { ifMissing: 'ignore' })
  await wg.close()
}

/** Runs an example as a module of its own; what it printed, and why it failed if it did. */
async function execute(code) {
  const file = join(directory, `example-${count++}.mjs`)
  writeFileSync(file, code.replaceAll('/etc/wireguard/', `${directory}/`))
  const lines = []
  const { log, error } = console
  const record = (...values) => lines.push(format(...values))
  Object.assign(console, { log: record, error: record })
  try {
    await import(pathToFileURL(file).href)
    const isSecret = lines.some((line) => line.includes(PRIVATE_KEY.toBase64()))
    return isSecret ? { lines: [], failure: 'printed the private key' } : { lines }
  } catch (failure) {
    return { lines, failure: failure instanceof Error ? failure.stack : String(failure) }
  } finally {
    Object.assign(console, { log, error })
  }
}
