/**
 * Not public: this entry may change in any release, also in a patch. The command `wireguard` uses
 * it to read the arguments of wg(8) and to report faults in its words.
 *
 * @packageDocumentation
 */
export { wgReport } from '../conf/analyze.js'
export {
  toDeviceConfigs,
  withEndpoints,
  type ConfConversion,
  type ConfMode,
} from '../conf/convert.js'
export { mergeConfigs } from '../conf/merge.js'
export { type AllowedIPChange, nextChange } from '../conf/readers.js'
export { splitAtRepeats } from '../conf/split.js'
export { parseAllowedIPs, type AllowedIPEntry } from '../conf/values/allowed-ips.js'
export { parseConfEndpoint } from '../conf/values/endpoint.js'
export { parsePublicKeyValue, parseSecretKeyValue } from '../conf/values/key-values.js'
export { VALUE_PARSERS } from '../conf/values/parsers.js'
export type { Parsed, ValueFault } from '../conf/values/value.js'
