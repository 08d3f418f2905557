import type { Backend, BackendKind, CallOptions, UapiClient } from 'wireguardcfg'
import type { Network } from './network.js'

/**
 * Where a `WireGuard` makes and deletes interfaces: its namespace, its sockets, and its backends in
 * both.
 */
export interface Host {
  readonly network: Network
  readonly socketDirectory: string
  /** Reaches every socket of the directory, whatever namespace its interface is in. */
  readonly sockets: UapiClient
  /** Whether it was opened with this backend of ours. */
  has(kind: BackendKind): boolean
  /** The backend of ours. @throws WireGuardError `EOPNOTSUPP` when it was opened without it */
  backend(kind: BackendKind): Promise<Backend>
}

/**
 * Whether an interface of this name is served by a userspace implementation, also by one that is
 * too busy to answer.
 */
export async function isUserspace(
  home: Host,
  name: string,
  { signal, idleTimeout }: CallOptions,
): Promise<boolean> {
  if (!home.has('userspace')) return false
  const backend = await home.backend('userspace')
  return (await backend.deviceNames({ signal, idleTimeout })).includes(name)
}
