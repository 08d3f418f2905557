import { readFileSync } from 'node:fs'
import { uninterrupted } from '../uninterrupted.js'
import { decodeBytes } from './bytes.js'

/**
 * Returns the arguments of the process with every byte, as {@link decodeBytes} keeps them. Node
 * replaces a byte that is not UTF-8 by U+FFFD, which would be the name of another file.
 *
 * @param args the last arguments, as Node has decoded them
 */
export function rawArguments(args: readonly string[]): readonly string[] {
  if (!args.some((argument) => argument.includes('\uFFFD'))) return args
  try {
    const parts: Buffer[] = []
    const bytes = uninterrupted(() => readFileSync('/proc/self/cmdline'))
    for (let at = 0; at < bytes.byteLength;) {
      const end = bytes.indexOf(0, at)
      parts.push(bytes.subarray(at, end))
      at = end + 1
    }
    return parts.slice(-args.length).map(decodeBytes)
  } catch {
    // Only Linux has this file.
    return args
  }
}
