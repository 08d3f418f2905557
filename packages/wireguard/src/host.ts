import type { Backend, BackendKind, CallOptions, UapiClient } from 'wireguardcfg'
import type { LoadNetlink, Network } from './network.js'

/**
 * What `createDevice`, `deleteDevice` and `capabilities` need of the `WireGuard` they were called
 * on: its network namespace, its sockets and its backends. `Backends` implements it.
 */
export interface Host {
  readonly network: Network
  readonly socketDirectory: string
  /** Reaches every socket of the directory, whatever namespace its interface is in. */
  readonly sockets: UapiClient
  /** Loads wireguardnl; undefined where there is no netlink, that is, elsewhere than on Linux. */
  readonly loadNetlink: LoadNetlink | undefined
  /** Whether it was opened with the backend of this kind. A caller's own object does not count. */
  has(kind: BackendKind): boolean
  /**
   * Opens the backend of this kind, once.
   *
   * @throws WireGuardError `EOPNOTSUPP` when it was opened without that backend
   */
  backend(kind: BackendKind): Promise<Backend>
}

/**
 * Whether a userspace implementation serves an interface of this name, even if it is too busy to
 * answer.
 */
export async function isUserspace(
  host: Host,
  name: string,
  { signal, idleTimeout }: CallOptions,
): Promise<boolean> {
  if (!host.has('userspace')) return false
  const backend = await host.backend('userspace')
  return (await backend.deviceNames({ signal, idleTimeout })).includes(name)
}
