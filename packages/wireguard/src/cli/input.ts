import { constants, readFileSync, readlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { isatty } from 'node:tty'
import type { SecretKey } from 'wireguardcfg'
import { type Parsed, parseSecretKeyValue, type ValueFault } from 'wireguardcfg/internal/conf'
import { errorCode } from 'wireguardcfg/internal'
import { type CommandContext, CommandError } from './context.js'
import { strerror } from './strerror.js'

/** A file that was read. */
interface Input {
  readonly text: string
  /**
   * Whether the file has a position, as regular files and `/dev/null` do. Only of such a file does
   * nothing mean "none" to wg(8): an empty pipe is a command that failed.
   */
  readonly hasPosition: boolean
}

/**
 * Reads a whole file as text. Opens the names of standard input as wg(8) does, or reads the input
 * stream of the command when that is no file descriptor.
 *
 * @param ofDirectory the message of wg(8) for a directory, which it can open but not read
 * @throws CommandError as wg(8): `fopen: No such file or directory`
 */
export async function readInput(
  path: string,
  context: CommandContext,
  ofDirectory?: string,
): Promise<string> {
  return (await read(path, context, ofDirectory)).text
}

async function read(
  path: string,
  { streams }: CommandContext,
  ofDirectory?: string,
): Promise<Input> {
  if (STANDARD_INPUT.has(path)) {
    if (streams.hasDescriptors !== true) {
      return { text: await readStream(streams.stdin), hasPosition: false }
    }
    if (isClosedAtStart(0)) throw new CommandError('fopen: No such file or directory')
  }
  try {
    await using file = await open(path)
    const stats = await file.stat()
    const isSeekable = stats.isFile() || (stats.isCharacterDevice() && !isatty(file.fd))
    return { text: await file.readFile('utf8'), hasPosition: isSeekable }
  } catch (error) {
    if (ofDirectory !== undefined && errorCode(error) === 'EISDIR') {
      throw new CommandError(ofDirectory)
    }
    throw new CommandError(`fopen: ${strerror(error)}`)
  }
}

const STANDARD_INPUT = new Set(['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'])

/**
 * Returns whether a standard descriptor was closed when the process started. Node then opens
 * /dev/null in its place, for reading and writing, which no shell does.
 */
function isClosedAtStart(fd: number): boolean {
  try {
    if (readlinkSync(`/proc/self/fd/${fd}`) !== '/dev/null') return false
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))
    return flags !== null && (Number.parseInt(flags[1]!, 8) & O_ACCMODE) === constants.O_RDWR
  } catch {
    return false
  }
}

// From <fcntl.h>.
const O_ACCMODE = 3

/** Reads a stream to its end, as text. */
export async function readStream(stream: Readable): Promise<string> {
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
  const { text, hasPosition } = await read(path, context, 'Invalid length key in key file')
  if (text === '' && hasPosition) return null
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
