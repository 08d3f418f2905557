/**
 * Not public: this entry may change in any release, also in a patch. It has what the layers share
 * and users do not need, and all of the entries `wireguardcfg`, `wireguardcfg/backend` and
 * `wireguardcfg/internal/socket`: the published files of the other packages import everything from
 * here (see `.scripts/bundle.mjs`).
 *
 * @packageDocumentation
 */
export { elementsOf, objectsOf } from './backend/given-list.js'
export { MOST_ALLOWED_IPS, MOST_PEERS } from './model/limits.js'
export { onAbort } from './backend/abort.js'
export { sleep } from './backend/sleep.js'
export { nextTurn, sliceIsOver } from './backend/turns.js'
export * from './backend.js'
export * from './index.js'
export * from './internal/socket.js'
export { isMove } from './backend/removal.js'
export {
  limitsOf,
  readCallLimits,
  STREAM_LIMITS,
  type CallLimits,
  type GivenLimits,
} from './backend/call-limits.js'
export {
  begun,
  daemonTrace,
  type Draft,
  lookupTrace,
  requestTrace,
  type TracedNetlinkRequest,
} from './backend/trace.js'
export { tracedMethod, traceMethods } from './backend/trace-methods.js'
export {
  DEVICE_FIELDS,
  fieldNames,
  fieldOf,
  givenFields,
  PEER_FIELDS,
  type DeviceField,
  type FieldFormat,
  type FieldRow,
  type FieldTable,
  type PeerField,
} from './model/fields.js'
export { CONNECTED_RULE, isConnectedAt, type ConnectedRule } from './state/connected.js'
export { Lazy } from './backend/lazy.js'
export { freezePeer } from './model/device.js'
export { isHostName } from './model/endpoint.js'
export { atPath, inContext, invalid, describeKind, errorCode, HINTS } from './model/errors.js'
export { CALL_OPTIONS, checkOptions, type OptionTable } from './model/options.js'
export { HIDDEN, hideKeys, mayHoldKey, quote, escapeUnprintable } from './model/quote.js'
export { checkNumber, numberFault, type NumberRange } from './model/number-range.js'
export { decodeName, encodeName } from './model/name-bytes.js'
export {
  canonicalInterfaceAddress,
  formatInterfaceAddress,
  isLinkLocal,
  parseInterfaceAddress,
  splitPrefix,
  type LinkAddress,
} from './model/interface-address.js'
