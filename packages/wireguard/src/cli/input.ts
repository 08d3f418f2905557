import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { SecretKey } from 'wireguardcfg'
import { type Parsed, parseSecretKeyValue, type ValueFault } from 'wireguardcfg/internal/conf'
import { errorCode } from 'wireguardcfg/internal'
import { type CommandContext, CommandError } from './context.js'
import { strerror } from './strerror.js'

/**
 * A whole file as text. The names that Linux has for standard input read the command's input,
 * whatever that is; `/dev/fd/N` is a file like any other.
 *
 * @param ofDirectory what wg(8) says of a directory, which it can open but not read
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

/** What is wrong with a value as wg(8) says it, or in our words where wg(8) takes the value. */
export function faultText({ message, expected, wgMessage }: ValueFault): string {
  return wgMessage ?? `${message}; expected ${expected}`
}

/** The value that was read. @throws CommandError */
export function valueOf<T>(parsed: Parsed<T>): T {
  if ('fault' in parsed) throw new CommandError(faultText(parsed.fault))
  return parsed.value
}

/**
 * A private or preshared key from a file: base64, and white space behind it. `null`, which removes
 * the key: the file is empty, as `/dev/null` is, or has the all-zero key.
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
    // Behind something that is no key it may be a part of one: of a key in hexadecimal, for
    // example.
    const shown = 'fault' in parsed ? '(hidden)' : trailing
    throw new CommandError(`Found trailing character in key file: \`${shown}'`)
  }
  if ('fault' in parsed) throw new CommandError(faultText(parsed.fault))
  return parsed.value
}

const KEY_CHARACTERS = 44
