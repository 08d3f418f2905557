import type { FieldFormat } from '../../model/fields.js'
import type { SecretKey } from '../../model/key.js'
import { type ConfEndpoint, parseConfEndpoint } from './endpoint.js'
import { parseSecretKeyValue } from './key-values.js'
import { parseFirewallMark, parsePersistentKeepalive, parsePort } from './numbers.js'
import type { Parsed } from './value.js'

/** The type of the value in each format. */
export interface FormatValues {
  readonly secret: SecretKey | null
  readonly port: number
  readonly mark: number
  readonly endpoint: ConfEndpoint
  readonly interval: number
}

/**
 * A function that reads a value.
 *
 * @param text without white space, as wg(8) reads it
 * @param shown the text as the user wrote it, which messages quote; default: `text`
 */
export type ValueParser<Value> = (text: string, shown?: string) => Parsed<Value>

/** The function that reads each format of `model/fields.ts`. */
export const VALUE_PARSERS: {
  readonly [Format in FieldFormat]: ValueParser<FormatValues[Format]>
} = {
  secret: parseSecretKeyValue,
  port: (text, shown) => parsePort(text, { shown }),
  mark: parseFirewallMark,
  endpoint: parseConfEndpoint,
  interval: parsePersistentKeepalive,
}
