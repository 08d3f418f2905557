import type { SecretKey } from 'wireguardcfg'
import { escapeUnprintable, HIDDEN } from 'wireguardcfg/internal'
import { type Parsed, parseSecretKeyValue, type ValueFault } from 'wireguardcfg/internal/conf'
import { decodeBytes } from './bytes.js'
import { type CommandContext, CommandError } from './context.js'
import { withInput } from './input.js'
import { strerror } from './strerror.js'

/**
 * Returns the message of wg(8) for a wrong value, on one line, or our message if wg(8) accepts the
 * value.
 */
export function faultText({ message, expected, wgMessage }: ValueFault): string {
  return escapeUnprintable(wgMessage ?? `${message}; expected ${expected}`)
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
export function readKeyFile(path: string, context: CommandContext): Promise<SecretKey | null> {
  return withInput(path, context, async ({ chunks, hasPosition }) => {
    const { text, trailing, error } = await readKeyText(chunks, ' \t\n\v\f\r')
    if (text === '' && hasPosition && error === undefined) return null
    if (text.length < KEY_BYTES) throw new CommandError('Invalid length key in key file')
    const parsed = parseSecretKeyValue(text)
    if (trailing !== undefined) {
      // After an invalid key, the character may be part of a key, as of one in hexadecimal.
      const shown = 'fault' in parsed ? HIDDEN : escapeUnprintable(trailing)
      throw new CommandError(`Found trailing character in key file: \`${shown}'`)
    }
    if (error !== undefined) throw new CommandError(`getc: ${strerror(error)}`)
    return valueOf(parsed)
  })
}

/** What was read of a key file. */
interface KeyText {
  /** The first 44 bytes, or all if the file has fewer. */
  readonly text: string
  /** The first byte after them that is not ignored, where the reading ends. */
  readonly trailing?: string
  /** The error of the system that ended the reading. */
  readonly error?: unknown
}

/**
 * Reads the text of a key, and what comes after it, to its end or to a byte that is not ignored.
 *
 * @param ignored the characters that may follow the key
 * @throws CommandError there is no end
 */
export async function readKeyText(
  chunks: AsyncIterable<Buffer>,
  ignored: string,
): Promise<KeyText> {
  let text = ''
  let bytes = 0
  try {
    for await (const chunk of chunks) {
      bytes += chunk.byteLength
      const missing = KEY_BYTES - text.length
      text += chunk.toString('latin1', 0, missing)
      for (const byte of chunk.subarray(missing)) {
        if (!ignored.includes(String.fromCharCode(byte))) {
          return { text, trailing: decodeBytes(Buffer.of(byte)) }
        }
      }
      // A file may be without an end.
      if (bytes > MOST_BYTES) throw new CommandError('getc: File too large')
    }
  } catch (error) {
    if (error instanceof CommandError) throw error
    return { text, error }
  }
  return { text }
}

const KEY_BYTES = 44
const MOST_BYTES = 1024 * 1024
