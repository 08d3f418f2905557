import {
  type DeviceConfig,
  type Endpoint,
  isWireGuardError,
  type NamedDeviceConfig,
  type NamedPeerConfig,
  type PublicKey,
  type WireGuardError,
} from 'wireguardcfg'
import {
  atPath,
  invalid,
  isHostName,
  MOST_PEERS,
  objectsOf,
  type OptionTable,
} from 'wireguardcfg/internal'
import {
  type EndpointResolution,
  type NamedEndpoint,
  resolveEndpoints,
  splitEndpoint,
} from './endpoints.js'
import { checkResolveOptions, RESOLVE_OPTIONS, type ResolveOptions } from './lookup.js'

/** Options of {@link resolveConfig}, and of calls that resolve names on the way. */
export interface ResolveConfigOptions extends ResolveOptions {
  /**
   * What to do when a name has no address. `'throw'`: the call fails, and nothing is changed.
   * `'keep'`: the peer keeps the endpoint that the device has. Default: `'keep'` where the result
   * tells the failures (`resolveConfig` and `applyConf`), `'throw'` elsewhere.
   */
  readonly onFailure?: 'throw' | 'keep' | undefined
}

/** An endpoint whose name could not be resolved. */
export interface UnresolvedEndpoint {
  /** The peer. */
  readonly publicKey: PublicKey
  /** The name. */
  readonly host: string
  /** UDP port. */
  readonly port: number
  /** Why it could not be resolved. */
  readonly error: WireGuardError
}

/** The result of {@link resolveConfig}. */
export interface ResolvedConfig {
  /** The configuration without names. A peer whose name failed has no endpoint. */
  readonly config: DeviceConfig
  /** The names that failed. */
  readonly failures: readonly UnresolvedEndpoint[]
}

export const RESOLVE_CONFIG_OPTIONS: OptionTable<ResolveConfigOptions> = {
  ...RESOLVE_OPTIONS,
  onFailure: ['throw', 'keep'],
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
  const { resolved, failures } = await resolveNames(config, { onFailure: 'keep', ...options })
  return { config: resolved, failures }
}

/** A configuration whose names were resolved, and where each of them led. */
export interface ResolvedNames {
  readonly resolved: DeviceConfig
  readonly failures: readonly UnresolvedEndpoint[]
  /** The address of each name that has one. */
  readonly addresses: Addresses
}

/** The addresses of names with their ports, by {@link nameOf}. */
export type Addresses = ReadonlyMap<string, Endpoint>

/** Resolves a configuration with checked options. */
export async function resolveNames(
  config: NamedDeviceConfig,
  { onFailure = 'throw', ...options }: ResolveConfigOptions,
): Promise<ResolvedNames> {
  // The caller may have no type checker.
  if (typeof config !== 'object' || config === null) throw invalid('expected an object')
  const names = namesIn(config)
  const resolutions = await resolveEndpoints(names, options)
  const addresses = new Map<string, Endpoint>()
  const failures: UnresolvedEndpoint[] = []
  for (const [i, resolution] of resolutions.entries()) {
    const { host, port, publicKey, path } = names[i]!
    const { endpoint, error } = resolution
    if (endpoint !== undefined) addresses.set(nameOf({ host, port }), endpoint)
    else if (onFailure === 'throw' || isAborted(resolution)) throw error.with({ path })
    else failures.push({ publicKey, host, port, error })
  }
  return { resolved: withAddresses(config, addresses), failures, addresses }
}

/** Returns whether a lookup ended because the caller aborted it. */
export function isAborted({ error }: EndpointResolution): boolean {
  return isWireGuardError(error) && error.code === 'ABORT_ERR'
}

/** Returns what distinguishes a name with its port from others. */
export function nameOf({ host, port }: NamedEndpoint): string {
  return `${host} ${port}`
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

interface PlacedName extends NamedEndpoint {
  readonly publicKey: PublicKey
  /** `peers[3].endpoint` */
  readonly path: string
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
