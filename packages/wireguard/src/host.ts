import type { Backend, BackendKind, CallOptions, UapiClient } from 'wireguardcfg'
import type { LoadNetlink, Network } from './network.js'

/**
 * The parts of a `WireGuard` that `createDevice`, `deleteDevice` and `capabilities` need: its
 * network namespace, its sockets and its backends. `Backends` implements it.
 */
export interface Host {
  readonly network: Network
  readonly socketDirectory: string
  /** The client of every socket in the directory, also of interfaces in other namespaces. */
  readonly sockets: UapiClient
  /** Loads wireguardnl; undefined on systems without netlink, that is, all but Linux. */
  readonly loadNetlink: LoadNetlink | undefined
  /** Returns whether `backends` names this kind. The caller's own objects do not count. */
  has(kind: BackendKind): boolean
  /**
   * Opens the backend of this kind, once.
   *
   * @throws WireGuardError `EOPNOTSUPP` when `WireGuard` was opened without that backend
   */
  backend(kind: BackendKind): Promise<Backend>
}

/**
 * Returns whether a userspace implementation serves an interface of this name, even if it is too
 * busy to reply.
 */
export async function isUserspace(host: Host, name: string, limits: CallOptions): Promise<boolean> {
  if (!host.has('userspace')) return false
  const backend = await host.backend('userspace')
  return (await backend.deviceNames(limits)).includes(name)
}
