import type { Value } from './target.js'

/** Returns an input as JSON. Bytes are `{ "hex": "0a0b" }`. */
export function encodeInput(input: Value, indent?: number): string {
  return JSON.stringify(input, replace, indent)
}

/** Returns the input of a text that {@link encodeInput} made. */
export function decodeInput(text: string): Value {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('hex' in value)) return value
    return Object.keys(value).length === 1 && typeof value.hex === 'string'
      ? Uint8Array.from(Buffer.from(value.hex, 'hex'))
      : value
  }) as Value
}

function replace(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { hex: Buffer.from(value).toString('hex') } : value
}
