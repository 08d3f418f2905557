import { escapeUnprintable } from 'wireguardcfg/internal'
import type { Output } from './output.js'

/** Prints a value as JSON. What a terminal would obey is escaped, in the way of JSON. */
export async function printJSON(value: unknown, out: Output): Promise<void> {
  const text = JSON.stringify(value, undefined, 2)
  await out.write(`${text.replaceAll(/[^\n -~]/gu, escapeIfUnprintable)}\n`)
}

/** Escapes as RFC 8259 (section 7) allows for every character of a string, so that none is lost. */
function escapeIfUnprintable(character: string): string {
  if (escapeUnprintable(character) === character) return character
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
