import { SecretKey } from 'wireguardcfg'

/** Returns a copy of a value in which secrets can be compared. */
export function revealed(value: unknown): unknown {
  if (value instanceof SecretKey) return { secret: value.toBase64() }
  if (value instanceof Date || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map((one: unknown) => revealed(one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, revealed(one)]))
}
