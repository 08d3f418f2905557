import { type Endpoint, isWireGuardError, type PublicKey, type WireGuardError } from 'wireguardcfg'
import { type NamedEndpoint, resolveEndpoint, type ResolveOptions } from './resolve-endpoint.js'

/** The endpoint of a peer, whose host may be a name. */
export interface PeerEndpoint extends NamedEndpoint {
  /** Whose it is; named in the error. */
  readonly publicKey?: PublicKey | undefined
}

/** What became of one endpoint: exactly one of the two is there. */
export type EndpointResolution =
  | { readonly endpoint: Endpoint; readonly error?: undefined }
  | { readonly endpoint?: undefined; readonly error: WireGuardError }

/**
 * Resolves many endpoints at once, as `resolveEndpoint` does each. Never rejects: one name that cannot be resolved is reported in
 * its place, with its peer, and the others are there. A name that occurs several times is looked up once.
 *
 * @returns in the order of the endpoints
 */
export function resolveEndpoints(
  endpoints: readonly PeerEndpoint[],
  options: ResolveOptions = {},
): Promise<EndpointResolution[]> {
  const lookups = new Map<string, Promise<Endpoint>>()
  return Promise.all(
    endpoints.map(async ({ host, port, publicKey }) => {
      const key = `${host} ${port}`
      const lookup = lookups.get(key) ?? resolveEndpoint({ host, port }, options)
      lookups.set(key, lookup)
      try {
        return { endpoint: await lookup }
      } catch (error) {
        if (!isWireGuardError(error)) throw error
        return { error: publicKey === undefined ? error : error.with({ peer: publicKey }) }
      }
    }),
  )
}
