import { formatEndpoint } from '../model/endpoint.js'
import { invalid } from '../model/errors.js'
import { PEER_FIELDS } from '../model/fields.js'
import { type PublicKey, SecretKey } from '../model/key.js'
import { checkOptions, type OptionTable } from '../model/options.js'
import type { Conf } from './conf.js'
import type { PeerKey } from './keys.js'
import { checkName, setPeerName } from './peer-name.js'
import type { ConfSection } from './section.js'
import { type AllowedIPEntry, formatAllowedIPs, parseAllowedIPs } from './values/allowed-ips.js'
import { type ConfEndpoint, parseConfEndpoint } from './values/endpoint.js'
import {
  formatSecretKeyValue,
  parsePublicKeyValue,
  parseSecretKeyValue,
} from './values/key-values.js'
import { formatPersistentKeepalive } from './values/numbers.js'
import type { Parsed } from './values/value.js'

/** A peer to add to a file. Absent fields are not written. */
export interface ConfPeerInit {
  /** 44 characters of canonical base64. */
  readonly publicKey: PublicKey
  /** The name, written as the comment `# friendly_name = x`. */
  readonly name?: string | undefined
  /** Base64 text or a key; `null` is written as the all-zero key, which removes the key. */
  readonly presharedKey?: SecretKey | string | null | undefined
  /** Each may start with `+` or `-`: see `ConfPeer.incremental`. An empty list is not written. */
  readonly allowedIPs?: readonly string[] | undefined
  /** `host:port` or both parts. The host may be a name. */
  readonly endpoint?: string | { readonly host: string; readonly port: number } | undefined
  /** Seconds between keepalive packets, 0 to 65535. 0 is written as `off`. */
  readonly persistentKeepalive?: number | undefined
}

/**
 * Adds a `[Peer]` at the end of a file and returns it. Nothing is changed when a value is invalid.
 *
 * @example
 * ```ts
 * addPeer(conf, { publicKey, name: 'anna', allowedIPs: ['10.0.0.2/32'] })
 * ```
 *
 * @param path the text before the name of a field in errors: `peers[3].`
 * @throws WireGuardError `EINVAL` with the `path` of the field
 */
export function addPeer(conf: Conf, init: ConfPeerInit, path = ''): ConfSection {
  checkOptions(init ?? null, PEER_OPTIONS, { operation: 'add peer', path })
  const lines = peerLines(init, path)
  const { name } = init
  if (name !== undefined) checkName(name, `${path}name`)
  const section = conf.addPeerSection()
  for (const [key, value] of lines) section.set(key, value)
  if (name !== undefined) setPeerName(section, name)
  return section
}

const PEER_OPTIONS: OptionTable<ConfPeerInit> = {
  publicKey: 'checked later',
  name: 'checked later',
  presharedKey: 'checked later',
  allowedIPs: 'list',
  endpoint: 'checked later',
  persistentKeepalive: 'checked later',
}

/** Returns the lines of a peer in the order of `wg showconf`. */
function peerLines(init: ConfPeerInit, at: string): readonly (readonly [PeerKey, string])[] {
  const { presharedKey, allowedIPs = [], endpoint, persistentKeepalive } = init
  const lines: (readonly [PeerKey, string])[] = [
    ['PublicKey', parseText(`${at}publicKey`, init.publicKey, parsePublicKeyValue)],
  ]
  if (presharedKey !== undefined) {
    const key = checkSecret(`${at}presharedKey`, presharedKey)
    lines.push(['PresharedKey', formatSecretKeyValue(key)])
  }
  if (allowedIPs.length > 0) {
    const entries = Array.from(allowedIPs, (text, i) => oneAllowedIP(text, `${at}allowedIPs[${i}]`))
    lines.push(['AllowedIPs', formatAllowedIPs(entries)])
  }
  if (endpoint !== undefined) {
    lines.push(['Endpoint', formatEndpoint(endpointOf(endpoint, `${at}endpoint`))])
  }
  if (persistentKeepalive !== undefined) {
    const { max } = PEER_FIELDS.persistentKeepalive
    const seconds = checkInteger(`${at}persistentKeepalive`, persistentKeepalive, max)
    lines.push(['PersistentKeepalive', formatPersistentKeepalive(seconds)])
  }
  return lines
}

/**
 * Checks a number of a configuration and returns it.
 *
 * @throws WireGuardError `EINVAL` unless it is an integer from 0 to `max`
 */
export function checkInteger(path: string, value: unknown, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) {
    return value
  }
  throw invalid(`expected an integer from 0 to ${max}`, { path })
}

/**
 * Checks a private or preshared key of a configuration and returns it, or `null` for `null`.
 *
 * @throws WireGuardError `EINVAL` unless it is a key or its base64 text, or when it is all zero
 */
export function checkSecret(path: string, key: unknown): SecretKey | null {
  if (key === null || key instanceof SecretKey) return key
  if (typeof key !== 'string') throw invalid('expected a SecretKey or base64 text', { path })
  const secret = valueOf(path, parseSecretKeyValue(key))
  if (secret === null) throw invalid('all bytes are zero; use null to clear a key', { path })
  return secret
}

function oneAllowedIP(text: string, path: string): AllowedIPEntry {
  const [entry, more] = parseText(path, text, parseAllowedIPs)
  if (entry === undefined || more !== undefined) throw invalid('expected one allowed IP', { path })
  return entry
}

function endpointOf(endpoint: NonNullable<ConfPeerInit['endpoint']>, path: string): ConfEndpoint {
  const text = typeof endpoint === 'string' ? endpoint : endpointText(endpoint, path)
  return valueOf(path, parseConfEndpoint(text))
}

function endpointText(
  endpoint: Exclude<ConfPeerInit['endpoint'], string | undefined>,
  path: string,
): string {
  if (typeof endpoint?.host === 'string') return formatEndpoint(endpoint)
  throw invalid('expected host:port, or an object with a host and a port', { path })
}

/** Parses a text of the caller, who may have no type checker. */
function parseText<T>(path: string, text: string, parse: (text: string) => Parsed<T>): T {
  if (typeof text !== 'string') throw invalid('expected a string', { path })
  return valueOf(path, parse(text))
}

function valueOf<T>(path: string, parsed: Parsed<T>): T {
  if ('value' in parsed) return parsed.value
  const { message, expected } = parsed.fault
  throw invalid(`${message}; expected ${expected}`, { path })
}
