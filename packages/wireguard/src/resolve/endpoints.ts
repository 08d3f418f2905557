import {
  checkEndpoint,
  type Endpoint,
  type PublicKey,
  WireGuardError,
  isWireGuardError,
} from 'wireguardcfg'
import { isHostName, mayHoldKey, MOST_PEERS, objectsOf, quote } from 'wireguardcfg/internal'
import { checkResolveOptions, lookUp, OPERATION, type ResolveOptions } from './lookup.js'

/** An endpoint whose host may be a name. */
export interface NamedEndpoint {
  /** A literal IPv4 or IPv6 address, or a name. */
  readonly host: string
  /** UDP port. */
  readonly port: number
}

/**
 * Resolves `name:port`, `address:port` or `[address]:port` to an endpoint with a literal address.
 * Looks up names only.
 *
 * The policy is that of wg(8). The first address is used. A name that does not exist (`EAI_NONAME`,
 * `EAI_NODATA`, `EAI_FAIL`) fails at once. After any other failure it retries: the first pause is 1
 * second, and each further pause is 1.2 times as long, 20 seconds at most.
 *
 * @throws WireGuardError with the code of the lookup (`ENOTFOUND`, `EAI_AGAIN` ...) and its error
 * as cause, `EINVAL` the text is not an endpoint, or `ABORT_ERR`
 * @example
 * ```js
 * const endpoint = await resolveEndpoint('localhost:51820')
 * console.log(formatEndpoint(endpoint))
 * ```
 */
export async function resolveEndpoint(
  endpoint: string | NamedEndpoint,
  options: ResolveOptions = {},
): Promise<Endpoint> {
  checkResolveOptions(options)
  const { host, port } = typeof endpoint === 'string' ? splitEndpoint(endpoint) : endpoint
  // The caller may have no type checker.
  if (typeof host !== 'string' || !isHostName(host)) return checkEndpoint({ host, port })
  checkEndpoint({ host: UNSPECIFIED, port })
  // Users paste keys into other fields, and the name server must not learn one.
  if (mayHoldKey(host)) throw invalidEndpoint(`host ${quote(host)}: not a name to look up`)
  const address = await lookUp({ host, port }, options)
  return checkEndpoint({ host: address, port })
}

/**
 * Splits `host:port` without looking at the host.
 *
 * @throws WireGuardError `EINVAL`
 */
export function splitEndpoint(text: string): NamedEndpoint {
  const match = /^(?:\[([^\]]+)\]|([^[\]:]+)):([0-9]{1,5})$/.exec(text)
  if (match === null) throw invalidEndpoint('expected name:port, address:port or [address]:port')
  return { host: match[1] ?? match[2] ?? '', port: Number(match[3]) }
}

function invalidEndpoint(summary: string): WireGuardError {
  return new WireGuardError(`endpoint: ${summary}`, { code: 'EINVAL', operation: OPERATION })
}

// Any address, to check a port that stands with a name.
const UNSPECIFIED = '0.0.0.0'

/** The endpoint of a peer. Its host may be a name. */
export interface PeerEndpoint extends NamedEndpoint {
  /** The public key of the peer, for the error. */
  readonly publicKey?: PublicKey | undefined
}

/** The result for one endpoint: either `endpoint` or `error` is set. */
export type EndpointResolution =
  | {
      /** Where the name leads. */
      readonly endpoint: Endpoint
      readonly error?: undefined
    }
  | {
      readonly endpoint?: undefined
      /** Why it could not be resolved. */
      readonly error: WireGuardError
    }

/**
 * Resolves many endpoints at the same time, each as {@link resolveEndpoint} does. A name that
 * cannot be resolved has an error as its result, with the public key of its peer. Each name and
 * port is looked up once.
 *
 * @throws WireGuardError `EINVAL` for the options, and for anything but a list of objects
 * @returns the results in the order of the endpoints
 * @example
 * ```js
 * const endpoints = [{ host: 'localhost', port: 51820 }, { host: '192.0.2.1', port: 51820 }]
 * for (const { endpoint, error } of await resolveEndpoints(endpoints)) {
 *   console.log(error === undefined ? formatEndpoint(endpoint) : error.message)
 * }
 * ```
 */
export async function resolveEndpoints(
  endpoints: readonly PeerEndpoint[],
  options: ResolveOptions = {},
): Promise<EndpointResolution[]> {
  checkResolveOptions(options)
  return await Promise.all(beginResolving(endpoints, options))
}

/** Begins to resolve endpoints. The rules are those of {@link resolveEndpoints}. */
export function beginResolving(
  endpoints: readonly PeerEndpoint[],
  options: ResolveOptions,
): Promise<EndpointResolution>[] {
  const lookups = new Map<string, Promise<Endpoint>>()
  return Array.from(objectsOf(endpoints, MOST_PEERS, 'endpoints'), async ([, one]) => {
    const { host, port, publicKey } = one
    const key = `${host} ${port}`
    const lookup = lookups.get(key) ?? resolveEndpoint({ host, port }, options)
    lookups.set(key, lookup)
    try {
      return { endpoint: await lookup }
    } catch (error) {
      if (!isWireGuardError(error)) throw error
      return { error: publicKey === undefined ? error : error.with({ peer: publicKey }) }
    }
  })
}
