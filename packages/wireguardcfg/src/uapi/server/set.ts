import { publicKeyFromBytes, SecretKey } from '../../model/key.js'
import { type Errno, INVALID, OK, PROTOCOL } from './status.js'
import { applyDeviceLine, splitLine } from './device-line.js'
import { parseAddrPort, parsePrefix } from './go-address.js'
import { accept, parseInteger, parseKey, parseTrue } from './set-values.js'
import { type DeviceState, newPeer, type PeerState } from './state.js'

/** Options of a {@link SetOperation}. */
export interface SetOptions {
  /**
   * Whether `allowed_ip=-address/length` removes an allowed IP. Otherwise it is `EINVAL`, as in
   * daemons from before May 2025.
   */
  readonly allowedIPRemoval: boolean
}

/**
 * Applies the lines between `set=1` and the empty line. Each takes effect at once, as in
 * wireguard-go (device/uapi.go).
 */
export class SetOperation {
  readonly #device: DeviceState
  readonly #options: SetOptions
  #peer: PeerState | undefined
  /** True when the peer is not in the device. Its lines are checked but have no effect. */
  #dummy = false
  #created = false

  constructor(device: DeviceState, options: SetOptions) {
    this.#device = device
    this.#options = options
  }

  /**
   * Applies a line that is not empty. A result other than 0 ends the operation. Earlier lines
   * remain in effect.
   */
  line(line: string): Errno {
    const parts = splitLine(line)
    if (parts === undefined) return PROTOCOL
    const [key, value] = parts
    if (key === 'public_key') return this.#selectPeer(value)
    if (this.#peer === undefined) return applyDeviceLine(this.#device, key, value)
    return this.#peerLine(this.#peer, key, value)
  }

  /** Ends the operation. Its lines have taken effect. */
  end(): Errno {
    return OK
  }

  #selectPeer(value: string): Errno {
    const bytes = parseKey(value)
    if (bytes === undefined) return INVALID
    const publicKey = publicKeyFromBytes(bytes)
    this.#dummy = this.#device.isOwnKey(publicKey)
    const known = this.#dummy ? newPeer(publicKey) : this.#device.peer(publicKey)
    this.#created = known === undefined
    this.#peer = known ?? this.#device.createPeer(publicKey)
    return this.#peer === undefined ? INVALID : OK
  }

  #peerLine(peer: PeerState, key: string, value: string): Errno {
    switch (key) {
      case 'update_only':
        return accept(parseTrue(value), () => {
          if (this.#created) this.#removePeer(peer)
        })
      case 'remove':
        return accept(parseTrue(value), () => this.#removePeer(peer))
      case 'preshared_key':
        return accept(parseKey(value), (bytes) => {
          peer.presharedKey = bytes.some((byte) => byte !== 0)
            ? SecretKey.view(bytes, 0)
            : undefined
        })
      case 'endpoint':
        return accept(parseAddrPort(value), (endpoint) => (peer.endpoint = endpoint))
      case 'persistent_keepalive_interval':
        return accept(
          parseInteger(value, 0xffff),
          (seconds) => (peer.persistentKeepalive = seconds),
        )
      case 'replace_allowed_ips':
        return accept(parseTrue(value), () => this.#device.clearAllowedIPs(peer))
      case 'allowed_ip':
        return this.#allowedIPLine(peer, value)
      case 'protocol_version':
        return value === '1' ? OK : INVALID
      default:
        return INVALID
    }
  }

  #removePeer(peer: PeerState): void {
    this.#device.removePeer(peer.publicKey)
    this.#dummy = true
  }

  #allowedIPLine(peer: PeerState, value: string): Errno {
    const removes = this.#options.allowedIPRemoval && value.startsWith('-')
    return accept(parsePrefix(removes ? value.slice(1) : value), (allowedIP) => {
      if (this.#dummy) return
      if (removes) this.#device.removeAllowedIP(peer, allowedIP)
      else this.#device.addAllowedIP(peer, allowedIP)
    })
  }
}
