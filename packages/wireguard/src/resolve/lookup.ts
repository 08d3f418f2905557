import { type Endpoint, WireGuardError } from 'wireguardcfg'
import {
  begun,
  checkOptions,
  errorCode,
  lookupTrace,
  numberFault,
  type NumberRange,
  onAbort,
  type OptionTable,
  quote,
  sleep,
} from 'wireguardcfg/internal'

/**
 * Resolves a host name to one address, or to a list of which the first of the wanted family is
 * used. Rejects with an error that has a `code` of Node.
 */
export type Lookup = (host: string, options: LookupOptions) => Promise<string | readonly string[]>

/** What a {@link Lookup} is told besides the name. */
export interface LookupOptions {
  /** The wanted addresses: IPv4, IPv6, or both. */
  readonly family: 4 | 6 | 'auto'
  /** Aborted when the result is no longer of use. */
  readonly signal: AbortSignal | undefined
}

/** Options of {@link resolveEndpoint}. */
export interface ResolveOptions {
  /**
   * Aborts the lookups. One that the system has begun cannot be stopped; its result is then
   * ignored. As part of a call with a signal of its own, either of them ends the call.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * The number of retries after a temporary failure. Default: 15, as wg(8), about 70 seconds with
   * the pauses. `Infinity`: no limit but the `timeout` of the call that they are part of.
   */
  readonly retries?: number | undefined
  /** Called before each pause. */
  readonly onRetry?: ((retry: ResolveRetry) => void) | undefined
  /** Default: getaddrinfo(3) of the system. Its first address is used, as in wg(8). */
  readonly lookup?: Lookup | undefined
  /**
   * The addresses to use: IPv4 (4), IPv6 (6), or `'auto'` (default), the first address of either. A
   * literal address is used whatever its family is.
   */
  readonly family?: 4 | 6 | 'auto' | undefined
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

/** The operation in the errors of lookups. */
export const OPERATION = 'resolve endpoint'

/** What each option takes. */
export const RESOLVE_OPTIONS: OptionTable<ResolveOptions> = {
  signal: 'signal',
  retries: 'checked later',
  onRetry: 'function',
  lookup: 'function',
  family: [4, 6, 'auto'],
}

/**
 * Checks the options of a lookup.
 *
 * @param table of the options, if the call has others as well
 * @throws WireGuardError `EINVAL` with the `path` of the option
 */
export function checkResolveOptions(
  options: ResolveOptions,
  table: OptionTable<ResolveOptions> = RESOLVE_OPTIONS,
  context: { operation?: string; device?: string; path?: string } = { operation: OPERATION },
): void {
  checkOptions(options, table, context)
  const { retries = DEFAULT_RETRIES } = options
  const fault = numberFault('retries', retries, NUMBER_OF_RETRIES)
  if (fault === undefined) return
  const { operation, device } = context
  throw new WireGuardError(fault, { code: 'EINVAL', operation, device })
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

const NUMBER_OF_RETRIES: NumberRange = {
  max: Infinity,
  integer: false,
  expected: 'a number, or Infinity for no limit',
}

/**
 * Looks a name up, with retries after temporary failures. Returns its first address.
 *
 * @throws WireGuardError with the code of the lookup, or `ABORT_ERR`
 */
export async function lookUp(endpoint: Endpoint, options: ResolveOptions): Promise<string> {
  const [first] = await lookUpAll(endpoint, options)
  return first
}

/**
 * Looks a name up, as {@link lookUp}. Returns its addresses in the order of the lookup.
 *
 * @throws WireGuardError as {@link lookUp}
 */
export async function lookUpAll(
  { host, port }: Endpoint,
  options: ResolveOptions,
): Promise<Addresses> {
  const { signal, retries = DEFAULT_RETRIES, onRetry } = options
  let left = retries
  let delay = FIRST_DELAY
  for (;;) {
    checkAborted(signal)
    try {
      return await orAbort(traced(host, options), signal)
    } catch (error) {
      checkAborted(signal)
      if (PERMANENT.has(errorCode(error)) || left <= 0) throw notResolved(host, error)
      left--
      onRetry?.({ host, port, error, delay })
    }
    await sleep(delay, signal)
    delay = nextDelay(delay)
  }
}

/** At least one. */
type Addresses = readonly [string, ...string[]]

function traced(host: string, options: ResolveOptions): Promise<Addresses> {
  if (!lookupTrace.isOn) return addressesOf(host, options)
  const one = { host, address: undefined as string | undefined, ...begun() }
  return lookupTrace.run(one, async () => {
    const addresses = await addressesOf(host, options)
    one.address = addresses[0]
    return addresses
  })
}

async function addressesOf(
  host: string,
  { lookup = systemLookup, family = 'auto', signal }: ResolveOptions,
): Promise<Addresses> {
  const found: unknown = await lookup(host, { family, signal })
  const addresses: readonly unknown[] = Array.isArray(found) ? found : [found]
  // An address of no family is refused as an endpoint.
  const isWanted = (address: unknown) =>
    family === 'auto' || typeof address !== 'string' || address.includes(':') === (family === 6)
  const [first, ...rest] = addresses.slice(0, MOST_ADDRESSES).filter(isWanted)
  if (typeof first === 'string') return [first, ...rest.filter((one) => typeof one === 'string')]
  throw Object.assign(new Error(family === 'auto' ? 'no address' : `no IPv${family} address`), {
    code: 'ENOTFOUND',
  })
}

// More than any name has.
const MOST_ADDRESSES = 1000

async function systemLookup(host: string, { family }: LookupOptions): Promise<string[]> {
  // Keep the order of getaddrinfo(3), which gai.conf(5) configures. Do not prefer IPv4.
  const dns = process.getBuiltinModule('node:dns/promises')
  const found = await dns.lookup(host, {
    all: true,
    verbatim: true,
    family: family === 'auto' ? 0 : family,
  })
  return found.map(({ address }) => address)
}

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

/** @throws WireGuardError `ABORT_ERR` when the signal is aborted */
function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw aborted(signal)
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
