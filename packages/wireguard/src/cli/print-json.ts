import { escapeUnprintable } from 'wireguardcfg/internal'
import type { Output } from './output.js'

/** Prints a value as JSON. What a terminal would obey is escaped, in the way of JSON. */
export async function printJSON(value: unknown, out: Output): Promise<void> {
  await out.write(`${jsonText(value, 2)}\n`)
}

/** Returns a value as the JSON of {@link printJSON}, by default in one line. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replaceAll(/[^\n -~]/gu, escapeIfUnprintable)
}

/** Escapes as RFC 8259 (section 7) allows for every character of a string, so that none is lost. */
function escapeIfUnprintable(character: string): string {
  if (escapeUnprintable(character) === character) return character
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
