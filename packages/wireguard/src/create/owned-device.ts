import type { BackendKind, CallOptions } from 'wireguardcfg'
import type { NamespaceReference } from 'wireguardnl'
import type { OwnedInterface } from './interface.js'

/**
 * An interface that `WireGuard.createDevice` made or found. Use `await using` to delete it at the
 * end of its scope.
 */
export interface OwnedDevice extends AsyncDisposable {
  /** The name of the interface. */
  readonly name: string
  /** What runs it. */
  readonly backend: BackendKind
  /**
   * Why `backend: 'auto'` chose a userspace implementation instead of the kernel; undefined: it did
   * not.
   */
  readonly fallback: string | undefined
  /**
   * The network namespace in which it is, as the caller named it; undefined: that of this process.
   */
  readonly netns: NamespaceReference | undefined
  /** False when it existed before (`ifExists: 'use'`): disposal then leaves it alone. */
  readonly created: boolean
  /**
   * Deletes the interface, also after the `WireGuard` that made it was closed. It is no error if
   * the interface no longer exists. Another interface that has its name since is left alone.
   *
   * @throws WireGuardError `EPERM`, `ETIMEDOUT`, `ABORT_ERR`
   */
  delete(options?: CallOptions): Promise<void>
}

/** Returns what `createDevice` gives to its caller. */
export function ownedDevice(owned: OwnedInterface): OwnedDevice {
  const { name, backend, fallback, created, network } = owned
  const remove = (limits: CallOptions = {}): Promise<void> => owned.remove(limits)
  return Object.freeze({
    name,
    backend,
    fallback,
    netns: network.reference,
    created,
    delete: remove,
    [Symbol.asyncDispose]: () => (created ? remove() : Promise.resolve()),
  })
}
