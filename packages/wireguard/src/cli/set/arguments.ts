import type { PublicKey, SecretKey } from 'wireguardcfg'
import {
  DEVICE_FIELDS,
  escapeUnprintable,
  type FieldFormat,
  fieldOf,
  PEER_FIELDS,
} from 'wireguardcfg/internal'
import type { ConfEndpoint } from 'wireguardcfg/conf'
import {
  type AllowedIPEntry,
  parseAllowedIPs,
  parsePublicKeyValue,
  VALUE_PARSERS,
} from 'wireguardcfg/internal/conf'
import { type CommandContext, CommandError } from '../context.js'
import { DEFAULT_RETRIES, resolutionRetries } from '../endpoints.js'
import { faultText, readKeyFile, valueOf } from '../values.js'

/** The parsed arguments of `set`. */
export interface SetRequest {
  readonly device: {
    privateKey?: SecretKey | null
    listenPort?: number
    firewallMark?: number
  }
  readonly peers: SetPeer[]
  /** How often to look up a host name again. */
  retries: number
}

/** The arguments of `set` for one peer. A public key may occur several times. */
export interface SetPeer {
  readonly publicKey: PublicKey
  remove?: boolean
  presharedKey?: SecretKey | null
  endpoint?: ConfEndpoint & { /** The endpoint as it was written. */ readonly text: string }
  persistentKeepalive?: number
  /** The entries of all lists of the peer. */
  allowedIPs?: AllowedIPEntry[]
  /** True if the last list has an entry with `+` or `-`. */
  incremental?: boolean
}

/**
 * Parses the arguments after the name of the interface. They have the grammar of wg(8): words and
 * values without dashes, whose order has a meaning. `parseArgs` of node:util cannot parse them.
 * Reads key files and prints warnings in the order of the arguments.
 *
 * @throws CommandError with the messages of wg(8)
 */
export async function parseSet(
  args: readonly string[],
  context: CommandContext,
): Promise<SetRequest> {
  const request: SetRequest = { device: {}, peers: [], retries: DEFAULT_RETRIES }
  for (let i = 0; i < args.length;) {
    const word = args[i]!
    const peer = request.peers.at(-1)
    if (word === 'remove' && peer !== undefined) {
      peer.remove = true
      i++
      continue
    }
    const value = args[i + 1]
    if (value === undefined || !(await parseWord(word, value, request, peer, context))) {
      throw new CommandError(`Invalid argument: ${escapeUnprintable(word)}`)
    }
    i += 2
  }
  return request
}

/** Parses one word and its value. Returns false if the word is unknown here. */
async function parseWord(
  word: string,
  value: string,
  request: SetRequest,
  peer: SetPeer | undefined,
  context: CommandContext,
): Promise<boolean> {
  if (word === 'peer') {
    request.peers.push({ publicKey: valueOf(parsePublicKeyValue(value)) })
    return true
  }
  return peer === undefined
    ? parseDeviceField(word, value, request, context)
    : parsePeerField(word, value, request, peer, context)
}

async function parseDeviceField(
  word: string,
  value: string,
  request: SetRequest,
  context: CommandContext,
): Promise<boolean> {
  const name = fieldOf(DEVICE_FIELDS, 'argument', word)
  if (name === undefined) return false
  Object.assign(request.device, {
    [name]: await readValue(DEVICE_FIELDS[name].format, value, context),
  })
  return true
}

async function parsePeerField(
  word: string,
  value: string,
  request: SetRequest,
  peer: SetPeer,
  context: CommandContext,
): Promise<boolean> {
  if (word === 'allowed-ips') {
    await addAllowedIPs(value, peer, context)
    return true
  }
  const name = fieldOf(PEER_FIELDS, 'argument', word)
  if (name === undefined) return false
  if (name === 'endpoint') request.retries = resolutionRetries(context)
  Object.assign(peer, { [name]: await readValue(PEER_FIELDS[name].format, value, context) })
  return true
}

/** Parses the value of a field. For a secret, the argument is the name of its file. */
async function readValue(
  format: FieldFormat,
  argument: string,
  context: CommandContext,
): Promise<unknown> {
  if (format === 'secret') return await readKeyFile(argument, context)
  if (argument === '' && (format === 'port' || format === 'endpoint')) {
    throw new CommandError(`Unable to parse empty ${format}`)
  }
  const value: unknown = valueOf<unknown>(VALUE_PARSERS[format](argument))
  return format === 'endpoint' ? Object.assign({ text: argument }, value) : value
}

async function addAllowedIPs(value: string, peer: SetPeer, context: CommandContext): Promise<void> {
  const compact = value.replaceAll(/[ \t\n\v\f\r]+/g, '')
  const parsed = compact === '' ? { value: [] } : parseAllowedIPs(compact)
  const warnings =
    'fault' in parsed
      ? (parsed.warnings ?? [])
      : parsed.value.flatMap(({ warning }) => warning ?? [])
  for (const warning of warnings) await context.err.write(`${faultText(warning)}\n`)
  const entries = valueOf(parsed)
  peer.allowedIPs = [...(peer.allowedIPs ?? []), ...entries]
  peer.incremental = entries.some(({ sign }) => sign !== '')
}
