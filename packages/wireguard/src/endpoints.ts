import {
  checkEndpoint,
  type Endpoint,
  type PublicKey,
  WireGuardError,
  isWireGuardError,
} from 'wireguardcfg'
import {
  begun,
  checkOptions,
  errorCode,
  isHostName,
  lookupTrace,
  mayHoldKey,
  numberFault,
  type NumberRange,
  onAbort,
  type OptionTable,
  quote,
} from 'wireguardcfg/internal'

/** Resolves a host name to one address. Rejects with an error that has a `code` of Node. */
export type Lookup = (host: string) => Promise<string>

/** Options of {@link resolveEndpoint}. */
export interface ResolveOptions {
  /**
   * Aborts the call. A lookup that the system has begun cannot be stopped; its result is then
   * ignored.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * The number of retries after a temporary failure. Default: 15, as wg(8), about 70 seconds with
   * the pauses. `Infinity`: no limit.
   */
  readonly retries?: number | undefined
  /** Called before each pause. */
  readonly onRetry?: ((retry: ResolveRetry) => void) | undefined
  /** Default: getaddrinfo(3) of the system. Its first address is used, as in wg(8). */
  readonly lookup?: Lookup | undefined
}

/** A failed lookup that is followed by a retry. */
export interface ResolveRetry {
  /** The name that is looked up. */
  readonly host: string
  /** The port of the endpoint. */
  readonly port: number
  /** The error of the lookup. */
  readonly error: unknown
  /** Milliseconds until the retry. */
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
  if (!isHostName(host)) return checkEndpoint({ host, port })
  checkEndpoint({ host: UNSPECIFIED, port })
  // Users paste keys into other fields, and the name server must not learn one.
  if (mayHoldKey(host)) throw invalidEndpoint(`host ${quote(host)}: not a name to look up`)
  const address = await lookUp(host, port, options)
  return checkEndpoint({ host: address, port })
}

const RESOLVE_OPTIONS: OptionTable<ResolveOptions> = {
  signal: 'signal',
  retries: 'checked later',
  onRetry: 'function',
  lookup: 'function',
}

/** Returns the pause that follows one of `delay` milliseconds. */
export function nextDelay(delay: number): number {
  return Math.min(LONGEST_DELAY, delay * 1.2)
}

/**
 * Node's codes for permanent failures. Node reports `EAI_NONAME` and `EAI_NODATA` of getaddrinfo as
 * `ENOTFOUND`.
 */
const PERMANENT = new Set(['ENOTFOUND', 'EAI_NONAME', 'EAI_NODATA', 'EAI_FAIL'])

const DEFAULT_RETRIES = 15
const FIRST_DELAY = 1000
const LONGEST_DELAY = 20_000

/** @throws WireGuardError `EINVAL` */
function checkResolveOptions(options: ResolveOptions): void {
  checkOptions(options, RESOLVE_OPTIONS, { operation: OPERATION })
  const { retries = DEFAULT_RETRIES } = options
  const fault = numberFault('retries', retries, NUMBER_OF_RETRIES)
  if (fault !== undefined) {
    throw new WireGuardError(fault, { code: 'EINVAL', operation: OPERATION })
  }
}

const NUMBER_OF_RETRIES: NumberRange = {
  max: Infinity,
  integer: false,
  expected: 'a number, or Infinity for no limit',
}

/** @throws WireGuardError `EINVAL` */
function splitEndpoint(text: string): NamedEndpoint {
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
      return await orAbort(traced(host, lookup), signal)
    } catch (error) {
      if (signal?.aborted === true) throw aborted(signal)
      if (PERMANENT.has(errorCode(error)) || left <= 0) throw notResolved(host, error)
      left--
      onRetry?.({ host, port, error, delay })
    }
    await pause(delay, signal)
    delay = nextDelay(delay)
  }
}

function traced(host: string, lookup: Lookup): Promise<string> {
  if (!lookupTrace.isOn) return lookup(host)
  const one = { host, address: undefined as string | undefined, ...begun() }
  return lookupTrace.run(one, async () => (one.address = await lookup(host)))
}

async function systemLookup(host: string): Promise<string> {
  // Keep the order of getaddrinfo(3), which gai.conf(5) configures. Do not prefer IPv4.
  const dns = process.getBuiltinModule('node:dns/promises')
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
    const stopListening = onAbort(signal, () => reject(aborted(signal)))
    void promise.then(resolve, reject).finally(stopListening)
  })
}

/** Waits, or rejects as soon as the signal is aborted. */
async function pause(delay: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, delay)
  })
  try {
    await orAbort(over, signal)
  } finally {
    clearTimeout(timer)
  }
}

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
 * @throws WireGuardError `EINVAL` for the options, and for nothing else
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
  const lookups = new Map<string, Promise<Endpoint>>()
  return await Promise.all(
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
