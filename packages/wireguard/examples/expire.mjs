// Disables the clients whose time is up, in a .conf file and on its interface. Run it from a timer,
// as root:
//
//   node expire.mjs wg0 /etc/wireguard/wg0.conf
//
// A client expires at the time in a comment of its section: `# expires 2027-01-31T00:00:00Z`.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { WireGuard } from 'wireguard'
import { formatConf, parseConf, peerName } from 'wireguard/conf'

const [, , name = 'wg0', path = `/etc/wireguard/${name}.conf`] = process.argv
const conf = parseConf(await readFile(path, 'utf8'))
const expired = conf.peers.filter((section) => isExpired(section))
if (expired.length === 0) process.exit()

for (const section of expired) {
  const publicKey = section.get('PublicKey')
  conf.disablePeer(publicKey)
  console.log(`disabled ${peerName(section) ?? publicKey}`)
}
await writeFile(`${path}.new`, formatConf(conf), { mode: 0o600 })
await rename(`${path}.new`, path)

const wg = await WireGuard.open()
await wg.applyConf(name, conf)
await wg.close()

function isExpired(section) {
  const comments = [...section.comments, ...section.commentsAbove]
  const [time] = comments.flatMap((comment) => /^expires (\S+)$/.exec(comment)?.[1] ?? [])
  if (time === undefined) return false
  const date = Date.parse(time)
  // A time that cannot be read must not keep a client in for ever.
  if (Number.isNaN(date)) console.error(`${peerName(section)}: expires ${time}: not a time`)
  return Number.isNaN(date) || date <= Date.now()
}
