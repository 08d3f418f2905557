import { formatEndpoint } from '../../model/endpoint.js'
import { publicKeyToBytes } from '../../model/key.js'
import { formatGo } from './go-address.js'
import type { DeviceState, PeerState } from './state.js'

/** Options of {@link formatDevice}. */
export interface GetOptions {
  /**
   * The order of the peers. `random` is another order at every get, as in wireguard-go, which
   * iterates over a Go map. `insertion` is the order of their creation.
   */
  readonly peerOrder: 'random' | 'insertion'
}

/** The approximate length of a piece. */
const PIECE_LENGTH = 65_536
const NO_KEY = '0'.repeat(64)

/**
 * Yields the reply to `get=1` in pieces, without its status. The keys are in the order of
 * wireguard-go (device/uapi.go).
 */
export function* formatDevice(device: DeviceState, { peerOrder }: GetOptions): Generator<string> {
  let text = ''
  if (device.privateKey !== undefined) text += `private_key=${device.privateKey.toHex()}\n`
  if (device.listenPort !== 0) text += `listen_port=${device.listenPort}\n`
  if (device.firewallMark !== 0) text += `fwmark=${device.firewallMark}\n`
  const peers = [...device.peers()]
  if (peerOrder === 'random') shuffle(peers)
  for (const peer of peers) {
    text += formatPeer(peer)
    for (const allowedIP of peer.allowedIPs) {
      text += `allowed_ip=${formatGo(allowedIP)}\n`
      if (text.length < PIECE_LENGTH) continue
      yield text
      text = ''
    }
    if (text.length < PIECE_LENGTH) continue
    yield text
    text = ''
  }
  yield text
}

function formatPeer(peer: PeerState): string {
  const milliseconds = peer.lastHandshake?.getTime() ?? 0
  return (
    `public_key=${Buffer.from(publicKeyToBytes(peer.publicKey)).toString('hex')}\n` +
    `preshared_key=${peer.presharedKey?.toHex() ?? NO_KEY}\n` +
    'protocol_version=1\n' +
    (peer.endpoint === undefined ? '' : `endpoint=${formatGoEndpoint(peer.endpoint)}\n`) +
    `last_handshake_time_sec=${Math.floor(milliseconds / 1000)}\n` +
    `last_handshake_time_nsec=${(milliseconds % 1000) * 1_000_000}\n` +
    `tx_bytes=${BigInt(peer.transmitBytes)}\n` +
    `rx_bytes=${BigInt(peer.receiveBytes)}\n` +
    `persistent_keepalive_interval=${peer.persistentKeepalive}\n`
  )
}

function formatGoEndpoint({ host, port }: NonNullable<PeerState['endpoint']>): string {
  return formatEndpoint({ host: formatGo(host), port })
}

/** Shuffles in place (Fisher and Yates). */
function shuffle(items: unknown[]): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    const item = items[i]
    items[i] = items[j]
    items[j] = item
  }
}
