/**
 * Control WireGuard from typed code: the interfaces of the Linux kernel and of userspace implementations through one API.
 *
 * @packageDocumentation
 */
export {
  canonicalAllowedIP,
  checkEndpoint,
  formatEndpoint,
  isWireGuardError,
  parseAllowedIP,
  parseEndpoint,
  parsePublicKey,
  SecretKey,
  toConfig,
  toPeerConfig,
  WireGuardError,
  type AllowedIP,
  type Backend,
  type BackendKind,
  type CallOptions,
  type Device,
  type DeviceConfig,
  type Endpoint,
  type Peer,
  type PeerConfig,
  type PublicKey,
  type WireGuardErrorCode,
} from 'wireguardcfg'
export { DevicesError } from './devices-error.js'
export { WireGuard, type DevicesOptions, type WireGuardOptions } from './wireguard.js'
