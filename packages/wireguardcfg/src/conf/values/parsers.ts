import type { FieldFormat } from '../../model/fields.js'
import type { SecretKey } from '../../model/key.js'
import { type ConfEndpoint, parseConfEndpoint } from './endpoint.js'
import { parseSecretKeyValue } from './key-values.js'
import { parseFirewallMark, parsePersistentKeepalive, parsePort } from './numbers.js'
import type { Parsed } from './value.js'

/** What the text of each format stands for. */
export interface FormatValues {
  readonly secret: SecretKey | null
  readonly port: number
  readonly mark: number
  readonly endpoint: ConfEndpoint
  readonly interval: number
}

/** How the text of each format is read: see `model/fields.ts`. */
export const VALUE_PARSERS: {
  readonly [Format in FieldFormat]: (text: string) => Parsed<FormatValues[Format]>
} = {
  secret: parseSecretKeyValue,
  port: (text) => parsePort(text),
  mark: parseFirewallMark,
  endpoint: parseConfEndpoint,
  interval: parsePersistentKeepalive,
}
