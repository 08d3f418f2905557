import { type Device, formatEndpoint, type Peer, type SecretKey } from 'wireguardcfg'
import { escapeUnprintable } from 'wireguardcfg/internal'
import { formatAgo, formatBytes, formatInterval } from '../amounts.js'
import type { Terminal } from '../terminal.js'

/** Options of {@link formatPretty}. */
export interface PrettyOptions {
  readonly terminal: Terminal
  /** If false, secret keys are `(hidden)`. */
  readonly showsKeys: boolean
}

/**
 * Formats a device and its peers for people, as `wg show`. The peer with the latest handshake is
 * the first. Yields the text in pieces, with nothing unprintable in it but colours.
 */
export function* formatPretty(device: Device, options: PrettyOptions): Generator<string> {
  yield formatInterface(device, options)
  const now = Math.floor(Date.now() / 1000)
  const peers = device.peers.toSorted((a, b) => handshake(b) - handshake(a))
  for (const peer of peers) yield `\n${formatPeer(peer, options, now)}`
}

function formatInterface(device: Device, { terminal, showsKeys }: PrettyOptions): string {
  const { name, publicKey, privateKey, listenPort, firewallMark } = device
  const { start, interfaceLabel, interfaceName, label } = terminal
  let text = `${start}${interfaceLabel('interface')}: ${interfaceName(escapeUnprintable(name))}\n`
  const line = (title: string, value: string) => `  ${label(title)}: ${value}\n`
  if (publicKey !== undefined) text += line('public key', publicKey)
  if (privateKey !== undefined) text += line('private key', secret(privateKey, showsKeys))
  if (listenPort !== 0) text += line('listening port', String(listenPort))
  if (firewallMark !== 0) text += line('fwmark', `0x${firewallMark.toString(16)}`)
  return text
}

function formatPeer(peer: Peer, { terminal, showsKeys }: PrettyOptions, now: number): string {
  const { presharedKey, endpoint, allowedIPs, receiveBytes, transmitBytes } = peer
  const { peerLabel, peerName, label, unit } = terminal
  let text = `${peerLabel('peer')}: ${peerName(peer.publicKey)}\n`
  const line = (title: string, value: string) => `  ${label(title)}: ${value}\n`
  if (presharedKey !== undefined) text += line('preshared key', secret(presharedKey, showsKeys))
  if (endpoint !== undefined) text += line('endpoint', escapeUnprintable(formatEndpoint(endpoint)))
  const prefixes = allowedIPs.map((allowedIP) => allowedIP.replace('/', unit('/')))
  text += line('allowed ips', prefixes.length === 0 ? '(none)' : prefixes.join(', '))
  if (peer.lastHandshake !== undefined) {
    text += line('latest handshake', formatAgo(peer.lastHandshake, now, terminal))
  }
  if (receiveBytes !== 0 || transmitBytes !== 0) {
    const received = formatBytes(receiveBytes, terminal)
    const sent = formatBytes(transmitBytes, terminal)
    text += line('transfer', `${received} received, ${sent} sent`)
  }
  if (peer.persistentKeepalive !== 0) {
    const interval = formatInterval(peer.persistentKeepalive, terminal)
    text += line('persistent keepalive', `every ${interval}`)
  }
  return text
}

function secret(key: SecretKey, isShown: boolean): string {
  return isShown ? key.toBase64() : '(hidden)'
}

function handshake({ lastHandshake }: Peer): number {
  return lastHandshake?.getTime() ?? 0
}
