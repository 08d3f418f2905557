import type { Parsed, ValueFault } from 'wireguardcfg/conf'
import { CommandError } from './command-error.js'

/** What is wrong with a value as wg(8) says it, or in our words where wg(8) takes the value. */
export function faultText({ message, expected, wgMessage }: ValueFault): string {
  return wgMessage ?? `${message}; expected ${expected}`
}

/** The value that was read. @throws CommandError */
export function valueOf<T>(parsed: Parsed<T>): T {
  if ('fault' in parsed) throw new CommandError(faultText(parsed.fault))
  return parsed.value
}
