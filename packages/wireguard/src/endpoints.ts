import { setTimeout as sleep } from 'node:timers/promises'
import {
  checkEndpoint,
  type Endpoint,
  type PublicKey,
  WireGuardError,
  isWireGuardError,
} from 'wireguardcfg'
import { errorCode, isHostName, mayHoldKey, quote } from 'wireguardcfg/internal'

/**
 * Looks a host name up and gives the address to use. Rejects with an error that has Node's `code`.
 */
export type Lookup = (host: string) => Promise<string>

/** Options of {@link resolveEndpoint}. */
export interface ResolveOptions {
  /**
   * Ends the waiting. A lookup that the system has begun cannot be stopped; its answer is then
   * ignored.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * How often to try again after a failure that may pass; default 15, as wg(8), which with the
   * pauses is about 70 seconds. `Infinity`: for ever.
   */
  readonly retries?: number | undefined
  /** Called before each pause. */
  readonly onRetry?: ((retry: ResolveRetry) => void) | undefined
  /** Default: the system's getaddrinfo(3), the first address in its order, as wg(8). */
  readonly lookup?: Lookup | undefined
}

/** A lookup that failed and will be tried again. */
export interface ResolveRetry {
  /** The name that is looked up. */
  readonly host: string
  /** The port of the endpoint. */
  readonly port: number
  /** What the lookup rejected with. */
  readonly error: unknown
  /** Milliseconds until the next try. */
  readonly delay: number
}

/** An endpoint whose host may be a name. */
export interface NamedEndpoint {
  /** A literal IPv4 or IPv6 address, or a name. */
  readonly host: string
  /** UDP port. */
  readonly port: number
}

/**
 * The literal endpoint behind `name:port`, `address:port` or `[address]:port`. Literal addresses
 * come back at once, without a lookup.
 *
 * wg(8)'s policy: the first address counts; a name that does not exist (`EAI_NONAME`, `EAI_NODATA`,
 * `EAI_FAIL`) fails at once; after anything else it tries again, after 1 second and then 1.2 times
 * as long each time, 20 seconds at most.
 *
 * @throws WireGuardError with the code of the lookup (`ENOTFOUND`, `EAI_AGAIN` ...) and its error
 * as cause, `EINVAL` for a text that is no endpoint, or `ABORT_ERR`
 */
export async function resolveEndpoint(
  endpoint: string | NamedEndpoint,
  options: ResolveOptions = {},
): Promise<Endpoint> {
  const { host, port } = typeof endpoint === 'string' ? takeApart(endpoint) : endpoint
  if (!isHostName(host)) return checkEndpoint({ host, port })
  checkEndpoint({ host: UNSPECIFIED, port })
  // Users paste keys into other fields, and the name server must not learn one.
  if (mayHoldKey(host)) throw invalidEndpoint(`host ${quote(host)}: not a name to look up`)
  const address = await lookUp(host, port, options)
  return checkEndpoint({ host: address, port })
}

/** The pause after the one of `delay` milliseconds. */
export function nextDelay(delay: number): number {
  return Math.min(LONGEST_DELAY, delay * 1.2)
}

/**
 * Node's codes for what asking again does not change: getaddrinfo's `EAI_NONAME` and `EAI_NODATA`
 * are `ENOTFOUND` there.
 */
const PERMANENT = new Set(['ENOTFOUND', 'EAI_NONAME', 'EAI_NODATA', 'EAI_FAIL'])

const DEFAULT_RETRIES = 15
const FIRST_DELAY = 1000
const LONGEST_DELAY = 20_000

/** @throws WireGuardError `EINVAL` */
function takeApart(text: string): NamedEndpoint {
  const match = /^(?:\[([^\]]+)\]|([^[\]:]+)):([0-9]{1,5})$/.exec(text)
  if (match === null) throw invalidEndpoint('expected name:port, address:port or [address]:port')
  return { host: match[1] ?? match[2] ?? '', port: Number(match[3]) }
}

function invalidEndpoint(summary: string): WireGuardError {
  return new WireGuardError(`endpoint: ${summary}`, { code: 'EINVAL', operation: OPERATION })
}

// Any address, to check a port that stands with a name.
const UNSPECIFIED = '0.0.0.0'

async function lookUp(host: string, port: number, options: ResolveOptions): Promise<string> {
  const { signal, retries = DEFAULT_RETRIES, onRetry, lookup = systemLookup } = options
  let left = retries
  let delay = FIRST_DELAY
  for (;;) {
    try {
      return await orAbort(lookup(host), signal)
    } catch (error) {
      if (signal?.aborted === true) throw aborted(signal)
      if (PERMANENT.has(errorCode(error)) || left <= 0) throw notResolved(host, error)
      left--
      onRetry?.({ host, port, error, delay })
    }
    try {
      await sleep(delay, undefined, { signal })
    } catch {
      throw aborted(signal)
    }
    delay = nextDelay(delay)
  }
}

async function systemLookup(host: string): Promise<string> {
  // The order of getaddrinfo(3), which gai.conf(5) rules, not IPv4 first.
  const dns = await import('node:dns/promises')
  return (await dns.lookup(host, { verbatim: true })).address
}

const OPERATION = 'resolve endpoint'

function notResolved(host: string, cause: unknown): WireGuardError {
  return new WireGuardError(`no address for ${quote(host)}`, {
    code: errorCode(cause),
    operation: OPERATION,
    cause,
  })
}

function aborted(signal: AbortSignal | undefined): WireGuardError {
  const cause: unknown = signal?.reason
  return new WireGuardError('aborted by the caller', {
    code: 'ABORT_ERR',
    operation: OPERATION,
    cause,
  })
}

/** Settles with the promise, or rejects as soon as the signal is aborted. */
async function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  if (signal.aborted) {
    promise.catch(() => {})
    throw aborted(signal)
  }
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(aborted(signal))
    signal.addEventListener('abort', onAbort, { once: true })
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** The endpoint of a peer, whose host may be a name. */
export interface PeerEndpoint extends NamedEndpoint {
  /** Whose it is; named in the error. */
  readonly publicKey?: PublicKey | undefined
}

/** What became of one endpoint: exactly one of the two is there. */
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
 * Resolves many endpoints at once, as `resolveEndpoint` does each. Never rejects: one name that
 * cannot be resolved is reported in its place, with its peer, and the others are there. A name that
 * occurs several times is looked up once.
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
