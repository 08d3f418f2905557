import { type Device, formatEndpoint, type Peer } from 'wireguardcfg'
import { escapeUnprintable } from 'wireguardcfg/internal'
import type { FieldName } from '../usage.js'

/**
 * Formats one field of a device and its peers for programs, as `wg show IF FIELD`: lines of values
 * separated by tabs, including secret keys. Yields the text in pieces.
 *
 * @param hasName whether every line begins with the interface name, as `wg show all FIELD`
 */
export function* formatField(
  device: Device,
  field: FieldName,
  hasName: boolean,
): Generator<string> {
  const prefix = hasName ? `${device.name}\t` : ''
  const value = deviceValue(device, field)
  if (value !== undefined) yield `${prefix}${value}\n`
  const format = PEER_FIELDS[field]
  if (format === undefined) return
  for (const peer of device.peers) yield `${prefix}${peer.publicKey}${format(peer)}\n`
}

const NONE = '(none)'

function deviceValue(device: Device, field: FieldName): string | undefined {
  const { privateKey, publicKey = NONE, listenPort, firewallMark } = device
  const mark = firewallMark === 0 ? 'off' : `0x${firewallMark.toString(16)}`
  switch (field) {
    case 'public-key':
      return publicKey
    case 'private-key':
      return privateKey?.toBase64() ?? NONE
    case 'listen-port':
      return String(listenPort)
    case 'fwmark':
      return mark
    case 'dump':
      return [privateKey?.toBase64() ?? NONE, publicKey, listenPort, mark].join('\t')
    case 'peers':
    case 'preshared-keys':
    case 'endpoints':
    case 'allowed-ips':
    case 'latest-handshakes':
    case 'transfer':
    case 'persistent-keepalive':
      return undefined
    default:
      return field satisfies never
  }
}

/** The formatters of the fields of peers. Each returns the text after the public key. */
const PEER_FIELDS: Record<FieldName, ((peer: Peer) => string) | undefined> = {
  'public-key': undefined,
  'private-key': undefined,
  'listen-port': undefined,
  fwmark: undefined,
  peers: () => '',
  'preshared-keys': (peer) => `\t${presharedKey(peer)}`,
  endpoints: (peer) => `\t${endpoint(peer)}`,
  'allowed-ips': (peer) => `\t${allowedIPs(peer, ' ')}`,
  'latest-handshakes': (peer) => `\t${handshake(peer)}`,
  transfer: (peer) => `\t${peer.receiveBytes}\t${peer.transmitBytes}`,
  'persistent-keepalive': (peer) => `\t${keepalive(peer)}`,
  dump: (peer) => {
    const { receiveBytes, transmitBytes } = peer
    const names = `\t${presharedKey(peer)}\t${endpoint(peer)}\t${allowedIPs(peer, ',')}`
    return `${names}\t${handshake(peer)}\t${receiveBytes}\t${transmitBytes}\t${keepalive(peer)}`
  },
}

function presharedKey(peer: Peer): string {
  return peer.presharedKey?.toBase64() ?? NONE
}

function endpoint(peer: Peer): string {
  return peer.endpoint === undefined ? NONE : escapeUnprintable(formatEndpoint(peer.endpoint))
}

function allowedIPs(peer: Peer, separator: string): string {
  return peer.allowedIPs.length === 0 ? NONE : peer.allowedIPs.join(separator)
}

/** Returns the Unix time in seconds; 0: never. */
function handshake({ lastHandshake }: Peer): number {
  return lastHandshake === undefined ? 0 : Math.floor(lastHandshake.getTime() / 1000)
}

function keepalive({ persistentKeepalive }: Peer): string {
  return persistentKeepalive === 0 ? 'off' : String(persistentKeepalive)
}
