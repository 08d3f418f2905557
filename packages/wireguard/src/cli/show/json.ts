import { type Device, deviceToJSON, formatEndpoint, type Peer, type SecretKey } from 'wireguardcfg'
import type { WireGuard } from '../../wireguard.js'
import type { CommandContext } from '../context.js'
import { interfaceNames, readInterface, readEach } from '../interfaces.js'
import { printJSON } from '../print-json.js'
import { knownField, type ShowRequest } from './arguments.js'
import type { FieldName } from '../usage.js'

/**
 * Prints `show --json`. One interface is an object, and `all` is an array of objects. With a field,
 * one interface is the value of the field, and `all` is an object of values by interface name. The
 * values of peers are an object by public key. An absent value is `null`.
 */
export async function showJson(
  wg: WireGuard,
  request: ShowRequest,
  context: CommandContext,
): Promise<number> {
  const { what, name, field, reveal } = request
  const print = (value: unknown) => printJSON(value, context.out)
  const convert = (device: Device): unknown =>
    field === undefined
      ? deviceToJSON(device, { reveal })
      : fieldJson(device, knownField(field), reveal)
  if (what === 'one') {
    await print(convert(await readInterface(wg, name)))
    return 0
  }
  const names = await interfaceNames(context)
  if (what === 'interfaces') {
    await print(names)
    return 0
  }
  const values: [string, unknown][] = []
  for await (const { device } of readEach(wg, names, context)) {
    values.push([device.name, convert(device)])
  }
  await print(field === undefined ? values.map(([, value]) => value) : Object.fromEntries(values))
  return values.length > 0 || names.length === 0 ? 0 : 1
}

function fieldJson(device: Device, field: FieldName, reveal: boolean): unknown {
  const byPeer = (value: (peer: Peer) => unknown) =>
    Object.fromEntries(device.peers.map((peer) => [peer.publicKey, value(peer)]))
  switch (field) {
    case 'public-key':
      return device.publicKey ?? null
    case 'private-key':
      return secret(device.privateKey, reveal)
    case 'listen-port':
      return device.listenPort
    case 'fwmark':
      return device.firewallMark
    case 'peers':
      return device.peers.map(({ publicKey }) => publicKey)
    case 'preshared-keys':
      return byPeer(({ presharedKey }) => secret(presharedKey, reveal))
    case 'endpoints':
      return byPeer(endpoint)
    case 'allowed-ips':
      return byPeer(({ allowedIPs }) => allowedIPs)
    case 'latest-handshakes':
      return byPeer(handshake)
    case 'transfer':
      return byPeer(({ receiveBytes, transmitBytes }) => ({ receiveBytes, transmitBytes }))
    case 'persistent-keepalive':
      return byPeer(({ persistentKeepalive }) => persistentKeepalive)
    case 'dump':
      return deviceToJSON(device, { reveal })
    default:
      return field satisfies never
  }
}

function secret(key: SecretKey | undefined, reveal: boolean): string | null {
  if (key === undefined) return null
  return reveal ? key.toBase64() : '(hidden)'
}

function endpoint(peer: Peer): string | null {
  return peer.endpoint === undefined ? null : formatEndpoint(peer.endpoint)
}

function handshake({ lastHandshake }: Peer): string | null {
  return lastHandshake?.toISOString() ?? null
}
