/**
 * The WireGuard configuration model, and a client for userspace implementations, which speak the
 * cross-platform text protocol (https://www.wireguard.com/xplatform/).
 *
 * @packageDocumentation
 */
export type {
  Traced,
  TracedCall,
  TracedDaemon,
  TracedExchange,
  TracedLookup,
  TracedNetlinkRequest,
  TracedRequest,
  TracedUapiRequest,
} from './backend/trace.js'
export {
  findConflicts,
  type AllowedIPConflict,
  type ConflictingAllowedIP,
  type ConflictOptions,
} from './addresses/conflicts.js'
export { nextAddress, type NextAddressOptions } from './addresses/next-address.js'
export { containsAllowedIP, subtractAllowedIPs } from './addresses/subtract.js'
export {
  canonicalAllowedIP,
  formatAllowedIP,
  parseAllowedIP,
  type AllowedIP,
  type AllowedIPBytes,
} from './model/allowed-ip.js'
export type { Backend, CallOptions } from './model/backend.js'
export {
  toConfig,
  toPeerConfig,
  type CheckedDeviceConfig,
  type CheckedPeerConfig,
  type DeviceConfig,
  type NamedDeviceConfig,
  type NamedPeerConfig,
  type PeerConfig,
} from './model/config.js'
export type { BackendKind, Device, Peer } from './model/device.js'
export { findPeer } from './model/find-peer.js'
export { checkEndpoint, formatEndpoint, parseEndpoint, type Endpoint } from './model/endpoint.js'
export {
  isWireGuardError,
  WireGuardError,
  type WireGuardErrorCode,
  type WireGuardErrorInit,
} from './model/errors.js'
export {
  checkInterfaceName,
  checkPortableInterfaceName,
  isPortableInterfaceName,
} from './model/interface-name.js'
export { canonicalIP, formatIP, parseIP, type IPFamily } from './model/ip.js'
export {
  KEY_LENGTH,
  parsePublicKey,
  publicKeyFromBytes,
  publicKeyToBytes,
  SecretKey,
  type PublicKey,
} from './model/key.js'
export { isConnected, type ConnectedOptions } from './state/connected.js'
export {
  deviceFromJSON,
  deviceToJSON,
  type DeviceJSON,
  type DeviceToJSONOptions,
  type PeerJSON,
} from './state/device-json.js'
export {
  TransferCounter,
  type DeviceTransferJSON,
  type PeerTransfer,
  type PeerTransferJSON,
  type TransferCounterJSON,
} from './state/transfer-counter.js'
export { UapiClient, type UapiClientOptions } from './uapi/client.js'
export { DEFAULT_SOCKET_DIRECTORY } from './uapi/socket-path.js'
