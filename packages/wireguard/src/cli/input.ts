import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { SecretKey } from 'wireguardcfg'
import { type Parsed, parseSecretKeyValue, type ValueFault } from 'wireguardcfg/internal/conf'
import { errorCode } from 'wireguardcfg/internal'
import { type CommandContext, CommandError } from './context.js'
import { strerror } from './strerror.js'

/**
 * Reads a whole file as text. The names of standard input on Linux read the input stream of the
 * command. Any other `/dev/fd/N` is read as a file.
 *
 * @param ofDirectory the message of wg(8) for a directory, which it can open but not read
 * @throws CommandError as wg(8): `fopen: No such file or directory`
 */
export async function readInput(
  path: string,
  { streams }: CommandContext,
  ofDirectory?: string,
): Promise<string> {
  if (STANDARD_INPUT.has(path)) return readAll(streams.stdin)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (ofDirectory !== undefined && errorCode(error) === 'EISDIR') {
      throw new CommandError(ofDirectory)
    }
    throw new CommandError(`fopen: ${strerror(error)}`)
  }
}

const STANDARD_INPUT = new Set(['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'])

async function readAll(stream: Readable): Promise<string> {
  const decoder = new StringDecoder('utf8')
  let text = ''
  for await (const chunk of stream as AsyncIterable<string | Buffer>) {
    text += typeof chunk === 'string' ? chunk : decoder.write(chunk)
  }
  return text + decoder.end()
}

/** Returns the message of wg(8) for a wrong value, or our message if wg(8) accepts the value. */
export function faultText({ message, expected, wgMessage }: ValueFault): string {
  return wgMessage ?? `${message}; expected ${expected}`
}

/** Returns the parsed value. @throws CommandError */
export function valueOf<T>(parsed: Parsed<T>): T {
  if ('fault' in parsed) throw new CommandError(faultText(parsed.fault))
  return parsed.value
}

/**
 * Reads a private or preshared key from a file: base64, then optional white space. Returns `null`,
 * which removes the key, if the file is empty (`/dev/null`) or has the all-zero key.
 *
 * @throws CommandError
 */
export async function readKeyFile(
  path: string,
  context: CommandContext,
): Promise<SecretKey | null> {
  const text = await readInput(path, context, 'Invalid length key in key file')
  if (text === '') return null
  if (text.length < KEY_CHARACTERS) throw new CommandError('Invalid length key in key file')
  const parsed = parseSecretKeyValue(text.slice(0, KEY_CHARACTERS))
  const trailing = /[^ \t\n\v\f\r]/.exec(text.slice(KEY_CHARACTERS))?.[0]
  if (trailing !== undefined) {
    // After an invalid key, the character may be part of a key, for example of one in hexadecimal.
    const shown = 'fault' in parsed ? '(hidden)' : trailing
    throw new CommandError(`Found trailing character in key file: \`${shown}'`)
  }
  if ('fault' in parsed) throw new CommandError(faultText(parsed.fault))
  return parsed.value
}

const KEY_CHARACTERS = 44
