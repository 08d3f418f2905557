import { isWireGuardError } from 'wireguardcfg'
import { escapeUnprintable, hideKeys } from 'wireguardcfg/internal'
import { CommandError } from './context.js'
import { WriteError } from './output.js'
import { systemErrorText } from './strerror.js'

/**
 * Returns what the command prints about an error that ended it, without a line feed at the end:
 * never a stack trace, and no secret. Any argument may be in a message, and users paste private
 * keys into them.
 */
export function describeFailure(thrown: unknown, program: string): string {
  const error = originalOf(thrown)
  if (error instanceof WriteError) return error.message
  if (error instanceof CommandError) return hideKeys(error.message)
  if (isWireGuardError(error)) return escapeUnprintable(hideKeys(`${program}: ${error.message}`))
  const text = systemErrorText(error)
  if (text !== undefined) return `${program}: ${text}`
  const shown =
    error instanceof Error ? `${error.name}: ${error.message}` : `${typeof error} thrown`
  return `${program}: ${escapeUnprintable(hideKeys(firstLine(shown)))}; ${REPORT}`
}

/** When closing fails after a failure, `await using` throws an error with both. */
function originalOf(error: unknown): unknown {
  let original = error
  while (original instanceof Error && 'suppressed' in original) original = original.suppressed
  return original
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.slice(0, MOST_SHOWN)
}

const MOST_SHOWN = 200
const REPORT = 'this is a bug of the package wireguard, please report it'
