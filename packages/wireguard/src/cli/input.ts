import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { CommandError } from './command-error.js'
import type { CommandContext } from './context.js'
import { errnoText, errorCode } from './errno-text.js'

/**
 * A whole file as text. The names that Linux has for standard input read the command's input, whatever that is; `/dev/fd/N` is a file like any
 * other.
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
    throw new CommandError(`fopen: ${errnoText(error)}`)
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
