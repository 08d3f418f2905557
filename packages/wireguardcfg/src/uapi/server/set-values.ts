import { KEY_LENGTH } from '../../model/key.js'
import { type Errno, INVALID, OK } from './status.js'

/** Applies a value that could be read. */
export function accept<T>(value: T | undefined, apply: (value: T) => void): Errno {
  if (value === undefined) return INVALID
  apply(value)
  return OK
}

/** Reads a key of 64 hexadecimal digits. */
export function parseKey(value: string): Uint8Array | undefined {
  if (!/^[0-9A-Fa-f]{64}$/.test(value)) return undefined
  // Not a view of Buffer's shared pool, because a key may keep these bytes.
  const bytes = new Uint8Array(KEY_LENGTH)
  Buffer.from(bytes.buffer).write(value, 'hex')
  return bytes
}

/** Reads a number in decimal. */
export function parseInteger(value: string, max: number): number | undefined {
  if (!/^[0-9]+$/.test(value)) return undefined
  const number = Number(value)
  return number <= max ? number : undefined
}

/** Reads `true`, the only value of a flag. */
export function parseTrue(value: string): true | undefined {
  return value === 'true' ? true : undefined
}
