import { constants } from 'node:os'
import { isWireGuardError, type WireGuardError } from 'wireguardcfg'
import { everyText } from '../../../test-fixtures/every-text.js'
import { presharedKeyOf, privateKeyOf } from '../../../test-fixtures/sample.js'
import { must, Violation } from './target.js'

/** Keys that inputs hold and that nothing may show. */
export const SECRETS = [privateKeyOf(1), presharedKeyOf(1), presharedKeyOf(2)] as const

/** The same as text, for the words of targets. */
export const SECRET_TEXTS: readonly string[] = SECRETS.map((key) => key.toBase64())
export const SECRET_DIGITS: readonly string[] = SECRETS.map((key) => key.toHex())

/** How much of a key may be seen: an input may hold a part that nothing can take for a key. */
const BASE64_LENGTH = 40
const HEX_LENGTH = 60

/** The documented codes that are no names of POSIX. */
const OTHER_CODES: ReadonlySet<string> = new Set(['ABORT_ERR', 'UNKNOWN'])

/** Throws unless an error is one that users may see: a `WireGuardError` with a documented code. */
export function checkError(error: unknown): WireGuardError {
  if (error instanceof Violation) throw error
  if (!isWireGuardError(error)) {
    throw new Violation(`not a WireGuardError: ${everyText(error)}`)
  }
  const { code, message } = error
  must(OTHER_CODES.has(code) || code in constants.errno, () => `the code ${code}: ${message}`)
  must(message !== '' && !message.includes('\n'), () => `the message ${JSON.stringify(message)}`)
  checkNoSecret(everyText(error), 'the error')
  return error
}

/** Throws when a text shows one of the {@link SECRETS}. */
export function checkNoSecret(text: string, where: string): void {
  for (const secret of SECRET_TEXTS) lookFor(secret, BASE64_LENGTH, text, where)
  for (const secret of SECRET_DIGITS) lookFor(secret, HEX_LENGTH, text, where)
}

function lookFor(secret: string, length: number, text: string, where: string): void {
  for (let at = 0; at + length <= secret.length; at++) {
    must(!text.includes(secret.slice(at, at + length)), () => `a secret in ${where}: ${text}`)
  }
}

/** Runs a function. Returns its value, or the error that users may see. */
export function outcomeOf<T>(
  run: () => T,
): { readonly value: T } | { readonly error: WireGuardError } {
  try {
    return { value: run() }
  } catch (error) {
    return { error: checkError(error) }
  }
}

/** The same for a promise. */
export async function settledOutcome<T>(
  run: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly error: WireGuardError }> {
  try {
    return { value: await run() }
  } catch (error) {
    return { error: checkError(error) }
  }
}
