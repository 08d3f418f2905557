import type { Endpoint } from 'wireguardcfg'
import { errorCode, escapeUnprintable, hideKeys } from 'wireguardcfg/internal'
import type { EndpointResolution, PeerEndpoint } from '../resolve/endpoints.js'
import { type CommandContext, CommandError } from './context.js'

/**
 * Returns the number of retries for a name that cannot be resolved:
 * WG_ENDPOINT_RESOLUTION_RETRIES, 15 by default, or `infinity`. As wg(8), call it for every
 * endpoint and for nothing else.
 *
 * @throws CommandError the variable is not such a number
 */
export function resolutionRetries({ streams }: CommandContext): number {
  const text = streams.env['WG_ENDPOINT_RESOLUTION_RETRIES']
  if (text === undefined) return DEFAULT_RETRIES
  if (text === 'infinity') return Number.POSITIVE_INFINITY
  const retries = strtoul(text)
  if (retries !== undefined && retries <= MOST_RETRIES) return Number(retries)
  const shown = escapeUnprintable(text)
  throw new CommandError(`Unable to parse WG_ENDPOINT_RESOLUTION_RETRIES: \`${shown}'`)
}

export const DEFAULT_RETRIES = 15

/** Parses as strtoul(3), which takes nothing for 0 and returns a negative number modulo 2^64. */
function strtoul(text: string): bigint | undefined {
  if (text === '') return 0n
  const digits = /^[ \t\n\v\f\r]*([+-]?)0*([0-9]{1,21})$/.exec(text)
  if (digits === null) return undefined
  const value = BigInt(digits[2]!)
  // What does not fit is the largest number.
  if (value > MOST_UNSIGNED) return MOST_UNSIGNED
  return digits[1] === '-' ? BigInt.asUintN(64, -value) : value
}

const MOST_RETRIES = 2n ** 31n - 1n
const MOST_UNSIGNED = 2n ** 64n - 1n

/**
 * Resolves host names, all at the same time. Prints each temporary failure as wg(8) does.
 *
 * @param texts the endpoints as they were written, for the messages
 * @throws CommandError a name has no address
 */
export async function lookUp(
  endpoints: readonly PeerEndpoint[],
  texts: readonly string[],
  retries: number,
  context: CommandContext,
): Promise<Endpoint[]> {
  if (endpoints.length === 0) return []
  const { resolveEndpoints } = await import('../resolve/endpoints.js')
  const textOf = (host: string, port: number) =>
    escapeUnprintable(
      texts[endpoints.findIndex((one) => one.host === host && one.port === port)] ?? '',
    )
  const resolutions = await resolveEndpoints(endpoints, {
    retries,
    lookup: context.streams.lookup,
    onRetry: ({ host, port, error, delay }) => {
      const seconds = (delay / 1000).toFixed(2)
      const text = `${gaiText(error)}: \`${textOf(host, port)}'. Trying again in ${seconds} seconds...\n`
      // Flush, because the message announces the pause.
      void context.err.write(hideKeys(text)).then(() => context.err.flush())
    },
  })
  return resolutions.map((resolution, i) => addressOf(resolution, texts[i]!))
}

function addressOf({ endpoint, error }: EndpointResolution, text: string): Endpoint {
  if (endpoint !== undefined) return endpoint
  throw new CommandError(`${gaiText(error.cause ?? error)}: \`${escapeUnprintable(text)}'`)
}

/** The texts of gai_strerror(3) of glibc. */
const GAI_TEXTS: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'Temporary failure in name resolution',
  EAI_FAIL: 'Non-recoverable failure in name resolution',
  EAI_FAMILY: 'ai_family not supported',
  EAI_MEMORY: 'Memory allocation failure',
  EAI_NODATA: 'No address associated with hostname',
  EAI_NONAME: 'Name or service not known',
  EAI_SERVICE: 'Servname not supported for ai_socktype',
  // A host that looks like a key is not looked up.
  EINVAL: 'Name or service not known',
  ENOTFOUND: 'Name or service not known',
}

// libuv's number of EAI_NODATA, which Node calls ENOTFOUND like EAI_NONAME.
const UV_EAI_NODATA = -3007

function gaiText(error: unknown): string {
  const errno =
    typeof error === 'object' && error !== null && 'errno' in error ? error.errno : undefined
  if (errno === UV_EAI_NODATA) return GAI_TEXTS['EAI_NODATA']!
  const code = errorCode(error)
  return GAI_TEXTS[code] ?? code
}
