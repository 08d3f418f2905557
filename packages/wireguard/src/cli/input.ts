import { constants, readFileSync, readlinkSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { isatty } from 'node:tty'
import { decodeBytes, encodeBytes } from './bytes.js'
import { type CommandContext, CommandError } from './context.js'
import { uninterrupted } from '../uninterrupted.js'
import { strerror } from './strerror.js'

/** A file that is being read. */
export interface Input {
  readonly chunks: AsyncIterable<Buffer>
  /**
   * Whether the file has a position, as regular files and `/dev/null` do. Only of such a file does
   * nothing mean "none": an empty pipe is a command that failed.
   */
  readonly hasPosition: boolean
}

/**
 * Opens a file, gives it to `use`, and closes it. Opens the names of standard input as wg(8) does,
 * or uses the input stream of the command when that is no file descriptor.
 *
 * @throws CommandError as wg(8): `fopen: No such file or directory`; what `use` throws
 */
export async function withInput<T>(
  path: string,
  { streams }: CommandContext,
  use: (input: Input) => Promise<T>,
): Promise<T> {
  const isStandard = STANDARD_INPUT.has(path)
  if (isStandard && streams.hasDescriptors === true && isClosedAtStart(0)) {
    throw new CommandError('fopen: No such file or directory')
  }
  try {
    if (isStandard && streams.hasDescriptors !== true) {
      return await use({ chunks: buffers(streams.stdin), hasPosition: false })
    }
    await using file = await open(encodeBytes(path))
    const stats = await file.stat()
    const hasPosition = stats.isFile() || (stats.isCharacterDevice() && !isatty(file.fd))
    return await use({ chunks: chunksOf(file), hasPosition })
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(`fopen: ${strerror(error)}`)
  }
}

/**
 * Reads a file piece by piece. It never reads ahead, as streams do: the read of an idle pipe could
 * not be given up.
 */
async function* chunksOf(file: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  for (;;) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, null)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

const CHUNK = 65_536

/** Reads the bytes of a stream. */
export async function* buffers(
  stream: AsyncIterable<string | Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

/**
 * What may be read of a configuration file. Both are far above what a device can have, and what
 * they allow fits in the memory of a small machine. A file may be without an end: `/dev/zero`.
 */
const MOST_BYTES = 32 * 1024 * 1024
const MOST_LINES = 2 * 1024 * 1024

/**
 * Reads a whole configuration file as text.
 *
 * @param replaces whether the file replaces a configuration, so that nothing would remove it
 * @throws CommandError as wg(8); the file is too large, or `replaces` and an empty pipe
 */
export function readInput(
  path: string,
  context: CommandContext,
  { replaces = false }: { readonly replaces?: boolean } = {},
): Promise<string> {
  return withInput(path, context, async ({ chunks, hasPosition }) => {
    const read: Buffer[] = []
    let [bytes, lines] = [0, 0]
    for await (const chunk of chunks) {
      bytes += chunk.byteLength
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines++
      if (bytes > MOST_BYTES || lines > MOST_LINES) throw new CommandError('fopen: File too large')
      read.push(chunk)
    }
    if (replaces && bytes === 0 && !hasPosition) throw new CommandError(NOTHING)
    return decodeBytes(Buffer.concat(read))
  })
}

const NEWLINE = 10
const NOTHING =
  'Nothing was read, so nothing was changed: only an empty file or /dev/null removes everything'

const STANDARD_INPUT = new Set(['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'])

/**
 * Returns whether a standard descriptor was closed when the process started. Node then opens
 * /dev/null in its place, for reading and writing, which no shell does.
 */
function isClosedAtStart(fd: number): boolean {
  try {
    if (readlinkSync(`/proc/self/fd/${fd}`) !== '/dev/null') return false
    const info = uninterrupted(() => readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))
    const flags = /^flags:\s*([0-7]+)$/m.exec(info)
    return flags !== null && (Number.parseInt(flags[1]!, 8) & O_ACCMODE) === constants.O_RDWR
  } catch {
    return false
  }
}

// From <fcntl.h>.
const O_ACCMODE = 3
