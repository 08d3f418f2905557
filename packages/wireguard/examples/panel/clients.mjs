// The clients of an interface. The .conf file is their database: names are comments in it, and
// disabled clients are commented out.
import { EventEmitter } from 'node:events'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { renderSVG } from 'uqr'
import { findPeer, isConnected, nextAddress, SecretKey } from 'wireguard'
import * as conf from 'wireguard/conf'
import { Refusal } from './http.mjs'

/** Emits `change` after a change. */
export class Clients extends EventEmitter {
  #wg
  #name
  #path
  #endpoint
  #last = Promise.resolve()

  /** @param endpoint where clients reach this host */
  constructor(wg, name, path, endpoint) {
    super()
    this.setMaxListeners(0)
    this.#wg = wg
    this.#name = name
    this.#path = path
    this.#endpoint = endpoint
  }

  async list() {
    const file = conf.parseConf(await readFile(this.#path, 'utf8'))
    const device = await this.#wg.device(this.#name)
    const clientOf = (enabled) => (section) => {
      const publicKey = section.get('PublicKey')
      const peer = enabled ? findPeer(device, publicKey) : undefined
      return {
        publicKey,
        name: conf.peerName(section) ?? null,
        enabled,
        allowedIPs: allowedIPsOf(section),
        connected: peer !== undefined && isConnected(peer),
        lastHandshake: peer?.lastHandshake ?? null,
        receiveBytes: peer?.receiveBytes ?? 0,
        transmitBytes: peer?.transmitBytes ?? 0,
      }
    }
    return [...file.peers.map(clientOf(true)), ...file.disabledPeers.map(clientOf(false))]
  }

  /** The interface, without its keys but the public one. */
  async interface() {
    const { publicKey, listenPort, backend } = await this.#wg.device(this.#name)
    return { name: this.#name, publicKey: publicKey ?? null, listenPort, backend }
  }

  /** Adds a client. Its file, which is not kept, comes as text and as a picture. */
  async add({ name }) {
    const privateKey = SecretKey.generatePrivate()
    const presharedKey = SecretKey.generatePreshared()
    const client = { publicKey: privateKey.publicKey(), presharedKey, name }
    let address
    await this.#edit((file) => {
      const network = conf.interfaceSettings(file).addresses[0]
      const used = [...file.peers, ...file.disabledPeers].flatMap(allowedIPsOf)
      address = nextAddress(network, used)
      conf.addPeer(file, { ...client, allowedIPs: [address] })
    })
    const { publicKey } = await this.#wg.device(this.#name)
    const server = {
      publicKey,
      presharedKey,
      endpoint: this.#endpoint,
      persistentKeepalive: 25,
    }
    const file = conf.formatConf(conf.clientConf({ privateKey, addresses: [address], server }))
    return { publicKey: client.publicKey, address, file, qr: renderSVG(file, { border: 4 }) }
  }

  async change(publicKey, { name, enabled }) {
    await this.#edit((file) => {
      const wasDisabled = file.enablePeer(publicKey)
      const section = file.peer(publicKey)
      if (section === undefined) throw new Refusal(404, 'no such client')
      if (name !== undefined) conf.setPeerName(section, name)
      if (enabled === undefined ? wasDisabled : !enabled) file.disablePeer(publicKey)
    })
    return { publicKey }
  }

  async remove(publicKey) {
    await this.#edit((file) => {
      file.enablePeer(publicKey)
      if (!file.removePeer(publicKey)) throw new Refusal(404, 'no such client')
    })
    return { publicKey }
  }

  /** Waits for the changes that have begun. */
  async settled() {
    await this.#last
  }

  /** Changes the file, then the interface: one request after the other. */
  #edit(step) {
    const result = this.#last.then(async () => {
      const file = conf.parseConf(await readFile(this.#path, 'utf8'))
      step(file)
      await writeFile(`${this.#path}.new`, conf.formatConf(file), { mode: 0o600 })
      await rename(`${this.#path}.new`, this.#path)
      await this.#wg.applyConf(this.#name, file)
      this.emit('change')
    })
    this.#last = result.catch(() => {})
    return result
  }
}

function allowedIPsOf(section) {
  return section.getAll('AllowedIPs').flatMap((value) => value.split(',').map((ip) => ip.trim()))
}
