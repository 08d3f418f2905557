import type { MetricsFormat, MetricsProfile } from '../../metrics.js'
import { UsageError } from '../context.js'
import { parseOptions } from '../options.js'
import { type ListenAddress, parseListenAddress } from './address.js'

const FORMATS: readonly MetricsFormat[] = ['prometheus', 'openmetrics']
const PROFILES: readonly MetricsProfile[] = ['default', 'mindflavor', 'all']

/** What `metrics` was asked for. */
export interface MetricsRequest {
  /** Undefined: the older one, or what a client asks for. */
  readonly format: MetricsFormat | undefined
  readonly profile: MetricsProfile
  readonly endpoints: boolean
  /** The files with names. */
  readonly confs: readonly string[]
  /** The file to write; undefined: none. */
  readonly output: string | undefined
  /** Where to serve the metrics; undefined: they are printed once. */
  readonly listen: ListenAddress | undefined
  readonly tokenFile: string | undefined
  /** Further names of the server. */
  readonly hosts: readonly string[]
}

/** Reads the arguments of `metrics`. @throws UsageError */
export function metricsRequest(args: readonly string[]): MetricsRequest {
  const { values, positionals } = parseOptions(withListenValue(args), {
    format: { type: 'string' },
    profile: { type: 'string' },
    endpoints: { type: 'boolean' },
    output: { type: 'string' },
    conf: { type: 'string', multiple: true },
    listen: { type: 'string' },
    'token-file': { type: 'string' },
    host: { type: 'string', multiple: true },
  })
  const given = values.format
  const format = FORMATS.find((one) => one === given)
  const profile = PROFILES.find((one) => one === (values.profile ?? 'default'))
  if (given !== undefined && format === undefined) {
    throw new UsageError('--format: expected prometheus or openmetrics')
  }
  if (profile === undefined) throw new UsageError('--profile: expected default, mindflavor or all')
  if (positionals.length > 0) throw new UsageError('')
  const { endpoints = false, output, conf: confs = [], host: hosts = [] } = values
  const tokenFile = values['token-file']
  const listen = values.listen === undefined ? undefined : parseListenAddress(values.listen)
  if (listen === undefined && (tokenFile !== undefined || hosts.length > 0)) {
    throw new UsageError('--token-file and --host are for --listen')
  }
  if (listen !== undefined && output !== undefined) {
    throw new UsageError('--listen and --output exclude each other')
  }
  const names = hosts.map((name) => name.toLowerCase())
  return { format, profile, endpoints, output, confs, listen, tokenFile, hosts: names }
}

/** `--listen` may stand alone, which `parseArgs` does not know. */
function withListenValue(args: readonly string[]): string[] {
  return args.map((argument, i) => {
    const next = args[i + 1]
    const isAlone = argument === '--listen' && (next === undefined || next.startsWith('-'))
    return isAlone ? '--listen=' : argument
  })
}
