/**
 * Not public: this entry may change in any release, also in a patch. The facade imports from it
 * what the layers share and users do not need.
 *
 * @packageDocumentation
 */
export { onAbort } from './backend/abort-listeners.js'
export { isMove } from './backend/removal.js'
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
export { isHostName } from './model/endpoint.js'
export { describeKind, errorCode, HINTS } from './model/errors.js'
export { decodeName, encodeName } from './model/name-bytes.js'
export { HIDDEN, hideKeys, mayHoldKey, quote } from './model/quote.js'
export {
  formatInterfaceAddress,
  parseInterfaceAddress,
  type LinkAddress,
} from './model/interface-address.js'
