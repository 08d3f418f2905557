import { isMove, removesSome } from '../backend/removal.js'
import type { AllowedIP } from '../model/allowed-ip.js'
import type { CheckedDeviceConfig, CheckedPeerConfig } from '../model/config.js'
import { formatEndpoint } from '../model/endpoint.js'
import type { PublicKey, SecretKey } from '../model/key.js'

/** The request that reads a device. */
export const GET_REQUEST = 'get=1\n\n'

/** Options of {@link formatSet}. */
export interface FormatOptions {
  /**
   * The length in characters from which a piece is yielded. A piece ends with a complete line. A
   * peer that is added and removed at once stays in one piece. Default 32768.
   */
  readonly pieceLength?: number | undefined
}

/**
 * Yields the `set=1` request of a configuration in pieces, so that a large one is never held whole.
 * Lines take effect in order. The private key comes first, as boringtun requires. `update_only`
 * directly follows `public_key`, because wireguard-go loses values before it. Private keys are sent
 * clamped, as devices store them.
 *
 * @see https://www.wireguard.com/xplatform/
 */
export function* formatSet(
  config: CheckedDeviceConfig,
  { pieceLength = 32_768 }: FormatOptions = {},
): Generator<string, void, undefined> {
  let piece = 'set=1\n'
  if (config.privateKey !== undefined)
    piece += `private_key=${secretHex(config.privateKey?.clamped())}\n`
  if (config.listenPort !== undefined) piece += `listen_port=${config.listenPort}\n`
  if (config.firewallMark !== undefined) piece += `fwmark=${config.firewallMark}\n`
  if (config.replacePeers === true) piece += 'replace_peers=true\n'
  const { peers = [] } = config
  for (const [i, peer] of peers.entries()) {
    // A peer that is added and removed at once goes into one piece. If this process ends between
    // two pieces, the daemon applies all lines of the first.
    const limit = isMove(peers, i) ? Infinity : pieceLength
    piece += peerHead(peer)
    if (peer.remove !== true) {
      for (const allowedIP of peer.allowedIPs ?? []) {
        piece += `allowed_ip=${allowedIP}\n`
        if (piece.length >= limit) {
          yield piece
          piece = ''
        }
      }
      for (const allowedIP of removals(config, peer)) {
        piece += `allowed_ip=-${allowedIP}\n`
        if (piece.length >= limit) {
          yield piece
          piece = ''
        }
      }
    }
    if (piece.length >= limit) {
      yield piece
      piece = ''
    }
  }
  yield `${piece}\n`
}

/**
 * Returns a request without effect that an implementation accepts only if it can remove single
 * allowed IPs. The peer is unknown, so `update_only` makes the rest of its section a no-op, but the
 * line is still parsed.
 */
export function formatRemovalProbe(unknownPeer: PublicKey): string {
  return `set=1\npublic_key=${formatKeyHex(unknownPeer)}\nupdate_only=true\nallowed_ip=-0.0.0.0/32\n\n`
}

/** What is left to remove when the lists to replace are empty. */
function removals(config: CheckedDeviceConfig, peer: CheckedPeerConfig): readonly AllowedIP[] {
  const removed = config.replacePeers !== true && removesSome(peer)
  return removed ? (peer.removeAllowedIPs ?? NONE) : NONE
}

const NONE: readonly AllowedIP[] = []

/** Returns the lines of a peer without its allowed IPs. */
function peerHead(peer: CheckedPeerConfig): string {
  let lines = `public_key=${formatKeyHex(peer.publicKey)}\n`
  if (peer.updateOnly === true) lines += 'update_only=true\n'
  if (peer.remove === true) return `${lines}remove=true\n`
  if (peer.presharedKey !== undefined) lines += `preshared_key=${secretHex(peer.presharedKey)}\n`
  if (peer.endpoint !== undefined) lines += `endpoint=${formatEndpoint(peer.endpoint)}\n`
  if (peer.persistentKeepalive !== undefined) {
    lines += `persistent_keepalive_interval=${peer.persistentKeepalive}\n`
  }
  if (peer.replaceAllowedIPs === true) lines += 'replace_allowed_ips=true\n'
  return lines
}

/** Returns the digits of a key. In a request, zeros clear it. */
function secretHex(key: SecretKey | null | undefined): string {
  return key?.toHex() ?? '0'.repeat(64)
}

/** Returns a public key as a request has it. */
export function formatKeyHex(key: PublicKey): string {
  return Buffer.from(key, 'base64').toString('hex')
}
