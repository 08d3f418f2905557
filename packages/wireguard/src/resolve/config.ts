import { type DeviceConfig, type NamedDeviceConfig, type NamedPeerConfig } from 'wireguardcfg'
import { atPath, invalid, isHostName, MOST_PEERS, objectsOf } from 'wireguardcfg/internal'
import { type NamedEndpoint, splitEndpoint } from './endpoints.js'
import { checkResolveOptions } from './lookup.js'
import {
  type Addresses,
  nameOf,
  type PeerAddresses,
  type PlacedName,
  PendingNames,
  type UnresolvedEndpoint,
} from './names.js'
import { RESOLVE_CONFIG_OPTIONS, type ResolveConfigOptions, withDefaults } from './options.js'

/** The result of {@link resolveConfig}. */
export interface ResolvedConfig {
  /** The configuration without names. A peer whose name failed has no endpoint. */
  readonly config: DeviceConfig
  /** The names that failed. */
  readonly failures: readonly UnresolvedEndpoint[]
}

/**
 * Resolves the names in the endpoints of a configuration, all at the same time, each as
 * {@link resolveEndpoint} does. The given configuration stays as it is.
 *
 * @throws WireGuardError `EINVAL` with the `path` of an option, or of an endpoint that is neither
 * an address nor a name; `ABORT_ERR`; with `onFailure: 'throw'` the error of the first name that
 * failed
 * @example
 * ```js
 * const publicKey = SecretKey.generatePrivate().publicKey()
 * const named = { peers: [{ publicKey, endpoint: 'localhost:51820' }] }
 * const { config, failures } = await resolveConfig(named)
 * console.log(config.peers[0].endpoint.port, failures.length) // 51820 0
 * ```
 */
export async function resolveConfig(
  config: NamedDeviceConfig,
  options: ResolveConfigOptions = {},
): Promise<ResolvedConfig> {
  checkResolveOptions(options, RESOLVE_CONFIG_OPTIONS, { operation: 'resolve configuration' })
  const { resolved, failures } = await resolveNames(
    config,
    withDefaults(options, { onFailure: 'keep' }),
  )
  return { config: resolved, failures }
}

/** A configuration whose names were resolved, and where each of them led. */
interface ResolvedNames extends PeerAddresses {
  readonly resolved: DeviceConfig
}

/**
 * Resolves a configuration with checked options.
 *
 * @param patience milliseconds after which names without an address count as failed
 * @throws WireGuardError when the caller aborts, and with `onFailure: 'throw'` (the default here)
 * the error of the first name that failed
 */
export async function resolveNames(
  config: NamedDeviceConfig,
  options: ResolveConfigOptions,
  patience?: number,
): Promise<ResolvedNames> {
  // The caller may have no type checker.
  if (typeof config !== 'object' || config === null) throw invalid('expected an object')
  const names = new PendingNames(namesIn(config), options)
  await names.wait(patience)
  const { addresses, failures } = names
  return { addresses, failures, resolved: withAddresses(config, addresses) }
}

/**
 * Returns a configuration with addresses in the place of names. A name without an address leaves no
 * endpoint.
 */
export function withAddresses(config: NamedDeviceConfig, addresses: Addresses): DeviceConfig {
  if (config.peers === undefined) return { ...config, peers: undefined }
  return {
    ...config,
    peers: Array.from(objectsOf(config.peers, MOST_PEERS, 'peers'), ([path, peer]) => {
      const { endpoint, ...others } = peer
      const name = nameIn(peer, path)
      if (name === undefined) return { ...others, ...(endpoint === undefined ? {} : { endpoint }) }
      const address = addresses.get(nameOf(name))
      return address === undefined ? others : { ...others, endpoint: address }
    }),
  }
}

function namesIn(config: NamedDeviceConfig): PlacedName[] {
  return Array.from(objectsOf(config.peers, MOST_PEERS, 'peers')).flatMap(([path, peer]) => {
    const name = nameIn(peer, path)
    return name === undefined
      ? []
      : { ...name, publicKey: peer.publicKey, path: `${path}.endpoint` }
  })
}

/** Returns the endpoint of a peer if its host is a name. Other endpoints are checked later. */
function nameIn({ endpoint }: NamedPeerConfig, path: string): NamedEndpoint | undefined {
  if (endpoint === undefined || endpoint === null) return undefined
  const named =
    typeof endpoint === 'string' ? atPath(`${path}.endpoint`, () => splitNamed(endpoint)) : endpoint
  return typeof named?.host === 'string' && isHostName(named.host) ? named : undefined
}

function splitNamed(endpoint: string): NamedEndpoint | undefined {
  // Only an address with a zone, or in brackets, is none of the shapes with a name.
  return endpoint.startsWith('[') ? undefined : splitEndpoint(endpoint)
}
