// node first-call.mjs METHOD DIRECTORY NUMBER: calls a method for the first time in this process
// with so many descriptors left, then twice with enough of them. Prints the three outcomes as JSON.
// An outcome is `ok`, the code of a WireGuardError, or what else was thrown.
import { closeSync, openSync } from 'node:fs'
import { isWireGuardError, resolveEndpoint, resolveEndpoints, WireGuard } from 'wireguard'

const [, , method = '', socketDirectory, left] = process.argv
const wg = await WireGuard.open({ socketDirectory })

const KEY = `${'A'.repeat(43)}=`

// `good` is a userspace device, `lo` an interface of the kernel. They change nothing in the kernel.
/** @type {Record<string, () => Promise<unknown>>} */
const CALLS = {
  addAddress: () => wg.addAddress('none', '10.0.0.1/24'),
  addresses: () => wg.addresses('lo'),
  capabilities: () => wg.capabilities(),
  close: () => wg.close(),
  configureDevice: () => wg.configureDevice('good', { listenPort: 1234 }),
  createDevice: () => wg.createDevice('lo', { backend: 'kernel' }),
  createUserspaceDevice: () => wg.createDevice('lo', { backend: 'userspace' }),
  deleteDevice: () => wg.deleteDevice('none'),
  device: () => wg.device('good'),
  deviceNames: () => wg.deviceNames(),
  devices: () => wg.devices(),
  keepEndpoints: () => wg.keepEndpoints('good', []).close(),
  link: () => wg.link('lo'),
  open: async () => (await WireGuard.open({ netns: process.pid })).close(),
  peers: () => wg.peers('good').next(),
  removePeer: () => wg.removePeer('good', KEY),
  removeAddress: () => wg.removeAddress('none', '10.0.0.1/24'),
  applyConf: () => wg.applyConf('good', '[Interface]\n'),
  replaceDevice: () => wg.replaceDevice('good', {}),
  save: () => wg.save('good', `${socketDirectory}/good.conf`),
  resolveEndpoint: () => resolveEndpoint('localhost:1', { retries: 0 }),
  resolveEndpoints: () => resolveEndpoints([{ host: 'localhost', port: 1 }], { retries: 0 }),
  resumePeer: () => wg.resumePeer('good', { publicKey: KEY, allowedIPs: [] }),
  setLink: () => wg.setLink('none', { up: true }),
  setPeer: () => wg.setPeer('good', { publicKey: KEY }),
  down: () => wg.down('none', { stateDirectory: `${socketDirectory}/state` }),
  plan: () => wg.plan('none', '[Interface]\n'),
  planFile: () => wg.planFile(`${socketDirectory}/none.conf`),
  up: () => wg.up('lo', '[Interface]\n', { stateDirectory: `${socketDirectory}/state` }),
  reload: () => wg.reload('lo', '[Interface]\n', { stateDirectory: `${socketDirectory}/state` }),
  reloadFile: () => wg.reloadFile(`${socketDirectory}/none.conf`),
  upFile: () => wg.upFile(`${socketDirectory}/none.conf`),
  suspendPeer: () => wg.suspendPeer('good', KEY),
  watch: async () => {
    for await (const event of wg.watch()) {
      if (event.type === 'error') throw event.error
      break
    }
  },
  syncDevice: () => wg.syncDevice('good', { peers: [] }),
}

if (method === '') print(Object.keys(CALLS))
else {
  const taken = takeAll().slice(Number(left))
  const outcomes = [await outcome()]
  for (const descriptor of taken) closeSync(descriptor)
  print([...outcomes, await outcome(), await outcome()])
  await wg.close()
}

/** @param {readonly string[]} list */
function print(list) {
  process.stdout.write(JSON.stringify(list))
}

/** Takes every descriptor, then gives back those that may be left. */
function takeAll() {
  /** @type {number[]} */
  const descriptors = []
  try {
    for (;;) descriptors.push(openSync('/dev/null', 'r'))
  } catch {
    for (const descriptor of descriptors.slice(0, Number(left))) closeSync(descriptor)
    return descriptors
  }
}

async function outcome() {
  try {
    await CALLS[method]?.()
    return 'ok'
  } catch (error) {
    return isWireGuardError(error) ? error.code : `not a WireGuardError: ${String(error)}`
  }
}
