import {
  type DeviceConfig,
  type Endpoint,
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
import { type NamedEndpoint, resolveEndpoints, splitEndpoint } from './endpoints.js'
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
  const { resolved, failures } = await resolveNames(
    config,
    withDefaults(options, { onFailure: 'keep' }),
  )
  return { config: resolved, failures }
}

/** Returns options with other defaults. `undefined` counts as absent, as in every call. */
export function withDefaults(
  options: ResolveConfigOptions,
  defaults: ResolveConfigOptions,
): ResolveConfigOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(given) }
}

/** A configuration whose names were resolved, and where each of them led. */
interface ResolvedNames extends PeerAddresses {
  readonly resolved: DeviceConfig
}

/** Where the names of peers led. */
interface PeerAddresses {
  readonly failures: readonly UnresolvedEndpoint[]
  /** The address of each name that has one. */
  readonly addresses: Addresses
}

/** The addresses of names with their ports, by {@link nameOf}. */
export type Addresses = ReadonlyMap<string, Endpoint>

/** Resolves a configuration with checked options. */
export async function resolveNames(
  config: NamedDeviceConfig,
  options: ResolveConfigOptions,
): Promise<ResolvedNames> {
  // The caller may have no type checker.
  if (typeof config !== 'object' || config === null) throw invalid('expected an object')
  const found = await resolvePeerNames(namesIn(config), options)
  return { ...found, resolved: withAddresses(config, found.addresses) }
}

/**
 * Resolves the names of peers, all at the same time.
 *
 * @throws WireGuardError when the caller aborts, and with `onFailure: 'throw'` (the default here)
 * the error of the first name that failed
 */
export async function resolvePeerNames(
  names: readonly PeerName[],
  { onFailure = 'throw', ...options }: ResolveConfigOptions,
): Promise<PeerAddresses> {
  const resolutions = await resolveEndpoints(names, options)
  const addresses = new Map<string, Endpoint>()
  const failures: UnresolvedEndpoint[] = []
  for (const [i, { endpoint, error }] of resolutions.entries()) {
    const { host, port, publicKey, path } = names[i]!
    if (endpoint !== undefined) addresses.set(nameOf({ host, port }), endpoint)
    else if (onFailure === 'throw' || error.code === 'ABORT_ERR') throw error.with({ path })
    else failures.push({ publicKey, host, port, error })
  }
  return { failures, addresses }
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

/** The endpoint of a peer whose host is a name. */
export interface PeerName extends NamedEndpoint {
  readonly publicKey: PublicKey
  /** For errors: `peers[3].endpoint`. */
  readonly path?: string
}

function namesIn(config: NamedDeviceConfig): PeerName[] {
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
