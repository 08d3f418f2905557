import type { PublicKey, SecretKey } from 'wireguardcfg'
import { DEVICE_FIELDS, type FieldFormat, fieldOf, PEER_FIELDS } from 'wireguardcfg/internal'
import type { ConfEndpoint } from 'wireguardcfg/conf'
import {
  type AllowedIPEntry,
  parseAllowedIPs,
  parsePublicKeyValue,
  VALUE_PARSERS,
} from 'wireguardcfg/internal/conf'
import { type CommandContext, CommandError } from '../context.js'
import { faultText, readKeyFile, valueOf } from '../input.js'

/** What `set` was asked for. */
export interface SetRequest {
  privateKey?: SecretKey | null
  listenPort?: number
  firewallMark?: number
  readonly peers: SetPeer[]
}

/** What `set` was asked for one peer; a key may be there several times. */
export interface SetPeer {
  readonly publicKey: PublicKey
  remove?: boolean
  presharedKey?: SecretKey | null
  endpoint?: ConfEndpoint & { /** As it was written. */ readonly text: string }
  persistentKeepalive?: number
  /** The entries of all lists. */
  allowedIPs?: AllowedIPEntry[]
  /** The last list has an entry with `+` or `-`. */
  incremental?: boolean
}

/**
 * Reads the arguments behind the name of the interface. They are wg(8)'s own grammar, words and
 * values without dashes in an order that has a meaning, which `parseArgs` of node:util cannot read.
 * Files of keys are read as they are met, and warnings printed.
 *
 * @throws CommandError in the words of wg(8)
 */
export async function parseSet(
  args: readonly string[],
  context: CommandContext,
): Promise<SetRequest> {
  const request: SetRequest = { peers: [] }
  for (let i = 0; i < args.length;) {
    const word = args[i]!
    const peer = request.peers.at(-1)
    if (word === 'remove' && peer !== undefined) {
      peer.remove = true
      i++
      continue
    }
    const value = args[i + 1]
    if (value === undefined || !(await take(word, value, request, peer, context))) {
      throw new CommandError(`Invalid argument: ${word}`)
    }
    i += 2
  }
  return request
}

/** Reads one word and its value; false when the word is not known here. */
async function take(
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
    ? takeOfDevice(word, value, request, context)
    : takeOfPeer(word, value, peer, context)
}

async function takeOfDevice(
  word: string,
  value: string,
  request: SetRequest,
  context: CommandContext,
): Promise<boolean> {
  const name = fieldOf(DEVICE_FIELDS, 'argument', word)
  if (name === undefined) return false
  Object.assign(request, { [name]: await readValue(DEVICE_FIELDS[name].format, value, context) })
  return true
}

async function takeOfPeer(
  word: string,
  value: string,
  peer: SetPeer,
  context: CommandContext,
): Promise<boolean> {
  if (word === 'allowed-ips') {
    await takeAllowedIPs(value, peer, context)
    return true
  }
  const name = fieldOf(PEER_FIELDS, 'argument', word)
  if (name === undefined) return false
  Object.assign(peer, { [name]: await readValue(PEER_FIELDS[name].format, value, context) })
  return true
}

/** The value of a field; of a secret, the argument names the file that holds it. */
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

async function takeAllowedIPs(
  value: string,
  peer: SetPeer,
  context: CommandContext,
): Promise<void> {
  const squeezed = value.replaceAll(/[ \t\n\v\f\r]+/g, '')
  const parsed = squeezed === '' ? { value: [] } : parseAllowedIPs(squeezed)
  const warnings =
    'fault' in parsed
      ? (parsed.warnings ?? [])
      : parsed.value.flatMap(({ warning }) => warning ?? [])
  for (const warning of warnings) await context.err.write(`${faultText(warning)}\n`)
  const entries = valueOf(parsed)
  peer.allowedIPs = [...(peer.allowedIPs ?? []), ...entries]
  peer.incremental = entries.some(({ sign }) => sign !== '')
}
