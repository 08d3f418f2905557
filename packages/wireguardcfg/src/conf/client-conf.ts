import { elementsOf } from '../backend/given-list.js'
import { atPath, invalid } from '../model/errors.js'
import { canonicalInterfaceAddress } from '../model/interface-address.js'
import type { SecretKey } from '../model/key.js'
import { MOST_ALLOWED_IPS } from '../model/limits.js'
import { checkOptions, type OptionTable } from '../model/options.js'
import { quote } from '../model/quote.js'
import { addPeer, checkInteger, checkSecret, type ConfPeerInit } from './add-peer.js'
import type { Conf } from './conf.js'
import { parseConf } from './parse.js'
import { parseDNS } from './values/quick.js'
import { formatSecretKeyValue } from './values/key-values.js'

/** What a client has to know: its own side, and the server. */
export interface ClientConfInit {
  /** The private key of the client, as a key or base64 text. */
  readonly privateKey: SecretKey | string
  /**
   * The addresses of the client inside the tunnel, such as `10.8.0.2/32`. Without a length, a
   * `/32` or `/128`.
   */
  readonly addresses: readonly string[]
  /** Addresses of DNS servers and search domains. Absent: the client keeps its own. */
  readonly dns?: readonly string[] | undefined
  /** In bytes. Absent: the client chooses. */
  readonly mtu?: number | undefined
  /** The peer of the client. */
  readonly server: ClientConfServer
}

/** The server in the file of a client. */
export interface ClientConfServer extends ConfPeerInit {
  /** `host:port` or both parts, where the client reaches the server. The host may be a name. */
  readonly endpoint: NonNullable<ConfPeerInit['endpoint']>
  /** What goes through the tunnel. Default: everything, `0.0.0.0/0` and `::/0`. */
  readonly allowedIPs?: readonly string[] | undefined
}

const CLIENT_OPTIONS: OptionTable<ClientConfInit> = {
  privateKey: 'checked later',
  addresses: 'list',
  dns: 'list',
  mtu: 'checked later',
  server: 'checked later',
}

/**
 * Returns the file of a client, which wg-quick(8) and the apps for phones read. It includes the
 * private key of the client.
 *
 * @example
 * ```ts
 * const conf = clientConf({
 *   privateKey: SecretKey.generatePrivate(),
 *   addresses: ['10.8.0.2/32'],
 *   server: { publicKey, endpoint: 'vpn.example.com:51820', persistentKeepalive: 25 },
 * })
 * await writeFile('phone.conf', formatConf(conf), { mode: 0o600 })
 * ```
 *
 * @throws WireGuardError `EINVAL` with the `path` of a value that is missing or invalid, such as
 * `server.endpoint`
 */
export function clientConf(init: ClientConfInit): Conf {
  const operation = 'make client file'
  checkOptions(init ?? null, CLIENT_OPTIONS, { operation })
  const { privateKey, addresses, dns, mtu, server } = init
  const key = checkSecret('privateKey', privateKey)
  if (key === null) throw invalid('expected a key', { operation, path: 'privateKey' })
  const conf = parseConf('[Interface]\n')
  conf.set('PrivateKey', formatSecretKeyValue(key))
  conf.set('Address', addressList(addresses))
  if (dns !== undefined && dns.length > 0) conf.set('DNS', dnsList(dns))
  if (mtu !== undefined) conf.set('MTU', String(checkMtu(mtu)))
  addServer(conf, server, operation)
  return conf
}

function addressList(addresses: readonly string[]): string {
  const list = Array.from(elementsOf(addresses, MOST_ALLOWED_IPS, 'addresses'), ([path, text]) =>
    atPath(path, () => canonicalInterfaceAddress(text)),
  )
  if (list.length === 0) throw invalid('expected an address of the client', { path: 'addresses' })
  return list.join(', ')
}

function dnsList(dns: readonly string[]): string {
  const list = Array.from(elementsOf(dns, MOST_ALLOWED_IPS, 'dns'), ([path, text]) => {
    const parsed = typeof text === 'string' && /^[^\s,#]+$/.test(text) ? parseDNS(text) : undefined
    if (parsed !== undefined && 'value' in parsed) return text
    throw invalid(`expected an address or a domain, got ${quote(text)}`, { path })
  })
  return list.join(', ')
}

// IPv6 needs 1280 bytes, IPv4 576 (RFC 8200, RFC 791).
function checkMtu(mtu: number): number {
  if (checkInteger('mtu', mtu, 65_535) >= 576) return mtu
  throw invalid('expected 576 to 65535 bytes', { path: 'mtu' })
}

function addServer(conf: Conf, server: ClientConfServer, operation: string): void {
  if (typeof server !== 'object' || server === null) {
    throw invalid('expected an object', { operation, path: 'server' })
  }
  const { endpoint, allowedIPs = ['0.0.0.0/0', '::/0'] } = server
  if (endpoint === undefined) {
    const hint = 'Give the address or the name where clients reach the server'
    throw invalid('expected host:port', { operation, path: 'server.endpoint', hint })
  }
  for (const [path, text] of elementsOf(allowedIPs, MOST_ALLOWED_IPS, 'server.allowedIPs')) {
    // The apps do not know signs.
    if (/^[+-]/.test(text)) throw invalid('expected an allowed IP without a sign', { path })
  }
  addPeer(conf, { ...server, allowedIPs }, 'server.')
}
