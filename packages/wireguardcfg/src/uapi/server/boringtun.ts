import type { AllowedIP } from '../../model/allowed-ip.js'
import { formatEndpoint } from '../../model/endpoint.js'
import { type PublicKey, publicKeyFromBytes, publicKeyToBytes, SecretKey } from '../../model/key.js'
import { applyDeviceLine, splitLine } from './device-line.js'
import { formatGo, parseAddrPort, parsePrefix } from './go-address.js'
import { accept, parseInteger, parseKey, parseTrue } from './set-values.js'
import type { DeviceState, PeerState } from './state.js'
import { type Errno, INVALID, OK, PROTOCOL } from './status.js'

/** The fields of a peer in a request. All but the allowed IPs go on to the next peer. */
interface Fields {
  remove: boolean
  presharedKey: SecretKey | undefined
  endpoint: PeerState['endpoint']
  persistentKeepalive: number
  allowedIPs: AllowedIP[]
}

/**
 * Applies the lines between `set=1` and the empty line as boringtun 0.7 does: a peer when the next
 * one begins, or at the end. What makes boringtun panic throws.
 */
export class BoringtunSet {
  readonly #device: DeviceState
  readonly #fields: Fields = {
    remove: false,
    presharedKey: undefined,
    endpoint: undefined,
    persistentKeepalive: 0,
    allowedIPs: [],
  }
  #publicKey: PublicKey | undefined

  constructor(device: DeviceState) {
    this.#device = device
  }

  /** Applies a line that is not empty. A result other than 0 ends the operation. */
  line(line: string): Errno {
    const parts = splitLine(line)
    if (parts === undefined) return PROTOCOL
    const [key, value] = parts
    if (key === 'public_key') {
      return accept(parseKey(value), (bytes) => {
        this.end()
        this.#publicKey = publicKeyFromBytes(bytes)
      })
    }
    return this.#publicKey === undefined
      ? applyDeviceLine(this.#device, key, value)
      : this.#peerLine(key, value)
  }

  /** Applies the last peer. */
  end(): Errno {
    const publicKey = this.#publicKey
    if (publicKey === undefined) return OK
    const { remove, allowedIPs, ...values } = this.#fields
    if (remove) this.#device.removePeer(publicKey)
    else {
      if (this.#device.peer(publicKey) !== undefined) throw new Error('cannot modify a peer')
      if (this.#device.privateKey === undefined) throw new Error('no private key')
      const peer = this.#device.createPeer(publicKey)
      if (peer === undefined) return INVALID
      Object.assign(peer, values)
      for (const allowedIP of allowedIPs) this.#device.addAllowedIP(peer, allowedIP)
    }
    this.#fields.allowedIPs = []
    return OK
  }

  #peerLine(key: string, value: string): Errno {
    const fields = this.#fields
    switch (key) {
      case 'remove':
        return accept(parseTrue(value), () => (fields.remove = true))
      case 'preshared_key':
        return accept(parseKey(value), (bytes) => (fields.presharedKey = SecretKey.view(bytes, 0)))
      case 'endpoint':
        return accept(parseAddrPort(value), (endpoint) => (fields.endpoint = endpoint))
      case 'persistent_keepalive_interval':
        return accept(parseInteger(value, 0xffff), (seconds) => {
          fields.persistentKeepalive = seconds
        })
      case 'replace_allowed_ips':
        return accept(parseTrue(value), () => {})
      case 'allowed_ip':
        return accept(parsePrefix(value), (allowedIP) => fields.allowedIPs.push(allowedIP))
      case 'protocol_version':
        return value === '1' ? OK : INVALID
      default:
        return INVALID
    }
  }
}

/** Yields the reply to `get=1` as boringtun gives it, without its status. */
export function* formatBoringtun(device: DeviceState, now: number): Generator<string> {
  const { privateKey, listenPort, firewallMark } = device
  let text = ''
  if (privateKey !== undefined) text += `own_public_key=${hexOf(privateKey.publicKey())}\n`
  if (listenPort !== 0) text += `listen_port=${listenPort}\n`
  if (firewallMark !== 0) text += `fwmark=${firewallMark}\n`
  yield text
  for (const peer of device.peers()) yield formatPeer(peer, now)
}

function formatPeer(peer: PeerState, now: number): string {
  const { presharedKey, persistentKeepalive, endpoint, lastHandshake, allowedIPs } = peer
  const elapsed = lastHandshake === undefined ? undefined : now - lastHandshake.getTime()
  const lines = [
    `public_key=${hexOf(peer.publicKey)}`,
    presharedKey && `preshared_key=${presharedKey.toHex()}`,
    persistentKeepalive === 0 ? undefined : `persistent_keepalive_interval=${persistentKeepalive}`,
    endpoint &&
      `endpoint=${formatEndpoint({ host: formatGo(endpoint.host), port: endpoint.port })}`,
    ...Array.from(allowedIPs, (allowedIP) => `allowed_ip=${formatGo(allowedIP)}`),
    elapsed === undefined ? undefined : `last_handshake_time_sec=${Math.floor(elapsed / 1000)}`,
    elapsed === undefined ? undefined : `last_handshake_time_nsec=${(elapsed % 1000) * 1_000_000}`,
    `rx_bytes=${BigInt(peer.receiveBytes)}`,
    `tx_bytes=${BigInt(peer.transmitBytes)}`,
  ]
  return lines.flatMap((line) => (line === undefined ? [] : `${line}\n`)).join('')
}

function hexOf(publicKey: PublicKey): string {
  return Buffer.from(publicKeyToBytes(publicKey)).toString('hex')
}
