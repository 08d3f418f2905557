import type { AllowedIP } from '../model/allowed-ip.js'
import { markChecked } from '../backend/check.js'
import type { CheckedDeviceConfig, CheckedPeerConfig } from '../model/config.js'
import { checkEndpoint, type Endpoint } from '../model/endpoint.js'
import { invalid, type WireGuardError } from '../model/errors.js'
import { DEVICE_FIELDS, givenFields, PEER_FIELDS, unsetFields } from '../model/fields.js'
import type { PublicKey } from '../model/key.js'
import { MOST_ALLOWED_IPS, MOST_PEERS } from '../model/limits.js'
import type { ConfOptions } from './analyze.js'
import type { Conf } from './conf.js'
import { splitAtRepeats } from './split.js'
import type { ConfInterface, ConfPeer } from './types.js'
import { analyzeStrictly } from './settings.js'

/**
 * How a file is applied to a device. With `setconf` the device becomes equal to the file: absent
 * keys are reset and other peers are removed. With `addconf` absent keys are left unchanged, and
 * peers are added to the existing ones.
 */
export type ConfMode = 'setconf' | 'addconf'

/** The configurations of a file. */
export interface ConfConversion {
  /**
   * The configurations, already checked, in the order in which to apply them. There are several
   * when a public key is repeated, or an allowed IP is added and removed again.
   */
  readonly configs: readonly CheckedDeviceConfig[]
  /**
   * The endpoints that are host names. They are absent from `configs`: resolve them and pass the
   * addresses to {@link withEndpoints}.
   */
  readonly unresolved: readonly UnresolvedEndpoint[]
}

/** An endpoint that is a host name. */
export interface UnresolvedEndpoint {
  /** The peer is `configs[config].peers[peer]`. */
  readonly config: number
  /** The index of the peer in its configuration. */
  readonly peer: number
  /** The public key of the peer. */
  readonly publicKey: PublicKey
  /** The name to look up. */
  readonly host: string
  /** UDP port. */
  readonly port: number
}

/**
 * Returns the configurations that have the effect of `wg setconf` or `wg addconf` with this file.
 * Keys of wg-quick(8) are left out; the dialect `wg` refuses them as wg(8) does. In both modes the
 * allowed IPs of each peer in the file are replaced, unless its last `AllowedIPs` line has a `+` or
 * `-`.
 *
 * @example
 * ```ts
 * const { configs } = toDeviceConfigs(parseConf(text), 'setconf')
 * for (const config of configs) await client.configureDevice('wg0', config)
 * ```
 *
 * @throws ConfError `EINVAL` for the first error in the file
 */
export function toDeviceConfigs(conf: Conf, mode: ConfMode, options?: ConfOptions): ConfConversion {
  if (mode !== 'setconf' && mode !== 'addconf') {
    throw invalid("mode: expected 'setconf' or 'addconf'")
  }
  const { interface: settings, peers, passing } = analyzeStrictly(conf, options)
  checkSize(peers)
  const configs: CheckedDeviceConfig[] = []
  const unresolved: UnresolvedEndpoint[] = []
  for (const batch of splitAtRepeats(peers)) {
    const config = configs.length
    for (const [peer, { publicKey, endpoint }] of batch.entries()) {
      if (endpoint?.isName !== true) continue
      unresolved.push({ config, peer, publicKey, host: endpoint.host, port: endpoint.port })
    }
    configs.push({
      ...(config > 0 ? {} : deviceFields(settings, mode)),
      peers: batch.map((peer) => peerConfig(peer, passing.get(peer))),
    })
    const losing = batch.flatMap((peer) => {
      const removeAllowedIPs = passing.get(peer)
      return removeAllowedIPs === undefined ? [] : { publicKey: peer.publicKey, removeAllowedIPs }
    })
    if (losing.length > 0) configs.push({ peers: losing })
  }
  return { configs: configs.map((config) => markChecked(config)), unresolved }
}

/** @throws WireGuardError `EINVAL` for more peers or allowed IPs than any device has */
function checkSize(peers: readonly ConfPeer[]): void {
  let allowedIPs = 0
  for (const peer of peers) allowedIPs += peer.allowedIPs.length + peer.removeAllowedIPs.length
  if (peers.length > MOST_PEERS) throw tooMany(MOST_PEERS, 'peers')
  if (allowedIPs > MOST_ALLOWED_IPS) throw tooMany(MOST_ALLOWED_IPS, 'allowed IPs')
}

function tooMany(most: number, what: string): WireGuardError {
  return invalid(`expected at most ${most} ${what}`, { operation: 'read configuration file' })
}

/**
 * Returns the configurations with the addresses of the host names. A peer without an address keeps
 * the endpoint that the device has, also when an earlier section of the peer has another endpoint.
 *
 * @example
 * ```ts
 * const found = await Promise.all(unresolved.map(({ host }) => lookup(host)))
 * const endpoints = unresolved.map(({ port }, i) => ({ host: found[i]!.address, port }))
 * const configs = withEndpoints(conversion, endpoints)
 * ```
 *
 * @param addresses the addresses, in the order of `unresolved`
 * @throws WireGuardError `EINVAL` when an endpoint is not a literal address and a port
 */
export function withEndpoints(
  { configs, unresolved }: ConfConversion,
  addresses: readonly (Endpoint | undefined)[],
): readonly CheckedDeviceConfig[] {
  if (unresolved.length === 0) return configs
  const endpoints = new Map<string, Endpoint>()
  const missing = new Map<PublicKey, number>()
  for (const [i, { config, peer, publicKey }] of unresolved.entries()) {
    const address = addresses[i]
    if (address === undefined) missing.set(publicKey, config)
    else endpoints.set(`${config}.${peer}`, checkEndpoint(address))
  }
  return configs.map((config, i) =>
    markChecked({
      ...config,
      peers: (config.peers ?? []).map((peer, j) => {
        const { endpoint: literal, ...others } = peer
        const endpoint = endpoints.get(`${i}.${j}`) ?? literal
        if (endpoint === undefined) return peer
        const isSuperseded = i < (missing.get(peer.publicKey) ?? 0)
        return isSuperseded ? others : { ...peer, endpoint }
      }),
    }),
  )
}

function deviceFields(settings: ConfInterface, mode: ConfMode): CheckedDeviceConfig {
  const given = givenFields(DEVICE_FIELDS, settings)
  return mode === 'setconf'
    ? { ...unsetFields(DEVICE_FIELDS), ...given, replacePeers: true }
    : given
}

/** @param passing the allowed IPs that the peer takes, and that the next configuration removes */
function peerConfig(peer: ConfPeer, passing: readonly AllowedIP[] = []): CheckedPeerConfig {
  const { publicKey, endpoint, incremental } = peer
  const config: Draft = { publicKey, ...givenFields(PEER_FIELDS, peer) }
  if (endpoint?.isName === true) delete config.endpoint
  else if (endpoint !== undefined) config.endpoint = { host: endpoint.host, port: endpoint.port }
  config.allowedIPs = passing.length === 0 ? peer.allowedIPs : [...peer.allowedIPs, ...passing]
  if (incremental) config.removeAllowedIPs = without(peer.removeAllowedIPs, passing)
  else config.replaceAllowedIPs = true
  return config
}

type Draft = { -readonly [Field in keyof CheckedPeerConfig]: CheckedPeerConfig[Field] }

function without(list: readonly AllowedIP[], others: readonly AllowedIP[]): readonly AllowedIP[] {
  if (others.length === 0) return list
  const left = new Set(list)
  for (const other of others) left.delete(other)
  return [...left]
}
