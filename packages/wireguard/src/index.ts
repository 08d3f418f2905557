/**
 * Controls WireGuard from typed code: the interfaces of the Linux kernel and of userspace
 * implementations through one API.
 *
 * @packageDocumentation
 */
export {
  canonicalAllowedIP,
  checkEndpoint,
  containsAllowedIP,
  deviceFromJSON,
  deviceToJSON,
  findConflicts,
  findPeer,
  formatEndpoint,
  isConnected,
  isWireGuardError,
  nextAddress,
  parseAllowedIP,
  parseEndpoint,
  parsePublicKey,
  SecretKey,
  subtractAllowedIPs,
  toConfig,
  toPeerConfig,
  TransferCounter,
  WireGuardError,
  type AllowedIP,
  type AllowedIPBytes,
  type AllowedIPConflict,
  type Backend,
  type BackendKind,
  type CallOptions,
  type CheckedDeviceConfig,
  type CheckedPeerConfig,
  type ConflictingAllowedIP,
  type ConnectedOptions,
  type ConflictOptions,
  type Device,
  type DeviceConfig,
  type DeviceJSON,
  type DeviceToJSONOptions,
  type DeviceTransferJSON,
  type Endpoint,
  type NamedDeviceConfig,
  type NamedPeerConfig,
  type NextAddressOptions,
  type Peer,
  type PeerConfig,
  type PeerJSON,
  type PeerTransfer,
  type PeerTransferJSON,
  type PublicKey,
  type TransferCounterJSON,
  type Traced,
  type TracedCall,
  type TracedDaemon,
  type TracedExchange,
  type TracedLookup,
  type TracedNetlinkRequest,
  type TracedRequest,
  type TracedUapiRequest,
  type WireGuardErrorCode,
  type WireGuardErrorInit,
} from 'wireguardcfg'
export type {
  Capability,
  KernelCapabilities,
  LinkProperties,
  LinkState,
  NamespaceReference,
} from 'wireguardnl'
export type { ApplyConfOptions, ApplyResult } from './apply/apply-conf.js'
export type { Capabilities, UserspaceCapability } from './capabilities.js'
export type { CreateOptions } from './create/options.js'
export type { OwnedDevice } from './create/owned-device.js'
export type { DeleteOptions } from './delete-device.js'
export { DevicesError, type DevicesOptions } from './devices.js'
export type { WireGuardOptions } from './backends.js'
export type { SetPeerOptions, SuspendedPeer } from './one-peer.js'
export { resolveConfig, type ResolvedConfig } from './resolve/config.js'
export type { ResolveConfigOptions } from './resolve/options.js'
export type { PeerName, UnresolvedEndpoint } from './resolve/names.js'
export {
  resolveEndpoint,
  resolveEndpoints,
  type EndpointResolution,
  type NamedEndpoint,
  type PeerEndpoint,
} from './resolve/endpoints.js'
export type { Lookup, LookupOptions, ResolveOptions, ResolveRetry } from './resolve/lookup.js'
export type { ReplaceOptions } from './sync/replacement.js'
export type { SyncResult } from './sync/diff.js'
export type { SyncOptions } from './sync/sync.js'
export { WireGuard } from './wireguard.js'
export type {
  DeviceEvent,
  EventTime,
  PeerEvent,
  WatchedDeviceField,
  WatchedPeerField,
  WatcherEvent,
  WatchEvent,
  WatchOptions,
} from './watch/events.js'
export type { Watcher } from './watch/watcher.js'
export type { EndpointKeeper } from './keep/keeper.js'
export type { KeepOptions, KeptEndpoint } from './keep/options.js'
export type { SaveOptions } from './save/save.js'
export type {
  DownOptions,
  DownResult,
  Hooks,
  PlanOptions,
  TunnelResolveOptions,
  ReloadOptions,
  ReloadResult,
  UpOptions,
} from './up/options.js'
export type { TunnelPlan } from './up/plan/planned-tunnel.js'
export type { PlanStep } from './up/plan/step.js'
export type { Tunnel, TunnelFacts } from './up/tunnel.js'
